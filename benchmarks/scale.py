"""`rejoinder run` on 10,000, 100,000 and 1,000,000 generated conversations: time should grow as n, memory should not."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from benchmarks.conversations import write_log
from benchmarks.process_tree import Cost, measure
from rejoinder.results import Result

SIZES = (10_000, 100_000, 1_000_000)


def main(folder: Path, sizes: tuple[int, ...] = SIZES) -> str:
    """Run all sizes and return a Markdown table."""
    lines = [
        "| conversations | user turns labelled | wall s | conversations/s | CPU s | peak memory MB (process tree) | log MB |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for size in sizes:
        log, run = folder / f"{size}.jsonl", folder / f"run-{size}"
        write_log(log, size)
        cost = measure([sys.executable, "-m", "rejoinder", "run", str(log), "-o", str(run)])
        lines.append(_row(size, _turns(run), cost, log.stat().st_size))
        print(lines[-1], flush=True)
        shutil.rmtree(run)
        log.unlink()
    return "\n".join([f"{os.cpu_count()} cores.", "", *lines])


def _turns(run: Path) -> int:
    return sum(len(row.feedback) for row in Result.of(run).annotated.rows())


def _row(size: int, turns: int, cost: Cost, log: int) -> str:
    rate = size / cost.wall
    return (
        f"| {size:,} | {turns:,} | {cost.wall:.1f} | {rate:,.0f} | {cost.cpu:.0f} | {cost.peak / 1e6:,.0f} | {log / 1e6:,.0f} |"
    )


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "bench-data")
    target.mkdir(exist_ok=True)
    main(target, tuple(int(size) for size in sys.argv[2:]) or SIZES)
