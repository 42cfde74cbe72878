"""How long `import rejoinder` takes in a fresh process, beside an empty process: median of 15 of each, alternating."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time


def main() -> str:
    """Return one line of Markdown."""
    taken: dict[str, list[float]] = {"pass": [], "import rejoinder": []}
    for _ in range(15):
        for code, seconds in taken.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            seconds.append(1000 * (time.perf_counter() - start))
    empty, ours = (statistics.median(seconds) for seconds in taken.values())
    return f"`import rejoinder`: {ours - empty:.0f} ms on top of the {empty:.0f} ms of an empty Python process (n = 15 each)."


if __name__ == "__main__":
    print(main())
