"""Rejoinder: what users say back to a model's answer, read from chat logs and made into data.

    import rejoinder
    run = rejoinder.run("logs/*.jsonl", output="my-run")
    print(run.report)

Nothing heavy is imported before it is used: `import rejoinder` stays below 150 ms (tests/test_house.py).
"""

from __future__ import annotations

__version__ = "0.1.0"
