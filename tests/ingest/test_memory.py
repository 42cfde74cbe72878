"""Big inputs are read in bounded memory; measured in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .logs import conversation

MEASURE = """
import resource, sys
from pathlib import Path
from rejoinder.ingest import plan
plan([sys.argv[1]], spool=Path(sys.argv[2]), limit=int(sys.argv[3]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
planned = plan([sys.argv[1]], spool=Path(sys.argv[2]))
print(planned.rows, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["array.json", "wrapped.json", "lines.jsonl"])
def test_planning_sixty_megabytes_takes_a_few_more_than_planning_the_beginning(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    row = json.dumps(conversation(1, "Why?" + " because" * 300, "Yes." * 300))
    between = "\n" if name == "lines.jsonl" else ",\n"
    with path.open("w") as file:
        file.write({"array.json": "[", "wrapped.json": '{"version": 1, "data": [', "lines.jsonl": ""}[name])
        for _ in range(0, 60_000_000, 10 * len(row)):
            file.write(between.join([row] * 10) + between)
        file.write(row + {"array.json": "]", "wrapped.json": "]}", "lines.jsonl": "\n"}[name])
    arguments = [sys.executable, "-c", MEASURE, str(path), str(tmp_path / "spool"), "10"]
    rows, grown = map(int, subprocess.run(arguments, check=True, capture_output=True, text=True).stdout.split())
    assert rows * len(row) > 55_000_000
    assert grown < 40
