"""Every performance claim of the project, measured; `python -m benchmarks` runs all and writes docs/benchmarks.md."""
