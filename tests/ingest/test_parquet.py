"""Parquet logs: row groups become units, large ones are spooled, rows keep their numbers."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rejoinder.errors import InputError
from rejoinder.ingest import plan, units

from .logs import read


def wildchat(path: Path, rows: int, group: int) -> Path:
    """A file in WildChat's shape."""
    time = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    said = [
        {"role": "user", "content": "Why?", "language": "English"},
        {"role": "assistant", "content": "Because.", "language": "English"},
    ]
    content = [
        {
            "conversation_hash": f"h{n}",
            "model": "gpt-4",
            "timestamp": time,
            "conversation": said,
            "turn": 1,
            "language": "English",
        }
        for n in range(rows)
    ]
    pq.write_table(pa.Table.from_pylist(content), path, row_group_size=group)
    return path


@pytest.mark.parametrize(("group", "kinds"), [(100, {"parquet"}), (1_000, {"spool"}), (350, {"parquet", "spool"})])
def test_rows_are_the_same_however_the_file_is_grouped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: int, kinds: set[str]
) -> None:
    monkeypatch.setattr(units, "ROWS", 250)
    monkeypatch.setattr(sys.modules["rejoinder.ingest.plan"], "LARGEST_ROW_GROUP", 300)
    path = wildchat(tmp_path / "log.parquet", 1_000, group)
    planned = plan([path], spool=tmp_path / "spool")
    assert {unit.kind for unit in planned.units} == kinds
    assert planned.detected[0].format == "wildchat"
    good, bad = read(planned)
    assert ([(c.id, c.origin.row) for c in good], bad) == ([(f"h{n}", n + 1) for n in range(1_000)], [])
    assert (good[0].language, good[0].time) == ("en", 1_704_067_200.0)


@pytest.mark.parametrize("limit", [1, 99, 100, 250, 777])
def test_a_limit_reads_exactly_so_many_rows_of_parquet(tmp_path: Path, limit: int) -> None:
    path = wildchat(tmp_path / "log.parquet", 800, 100)
    good, _ = read(plan([path], spool=tmp_path / "spool", limit=limit))
    assert [c.id for c in good] == [f"h{n}" for n in range(limit)]


def test_a_file_cut_off_is_refused(tmp_path: Path) -> None:
    path = wildchat(tmp_path / "log.parquet", 100, 100)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="not a readable Parquet file"):
        plan([path], spool=tmp_path / "spool")
