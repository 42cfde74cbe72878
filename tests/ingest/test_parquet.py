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


@pytest.mark.parametrize("most", [1_000, 50])
def test_damage_inside_a_file_costs_what_stands_behind_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(sys.modules["rejoinder.ingest.plan"], "LARGEST_ROW_GROUP", most)
    monkeypatch.setattr(units, "ROWS", 100)
    path = wildchat(tmp_path / "log.parquet", 300, 100)
    data = bytearray(path.read_bytes())
    start, stop = pq.read_metadata(path).row_group(1).column(0).data_page_offset, data.rindex(b"PAR1") // 2
    data[start : start + 40] = b"\xff" * 40
    assert start < stop
    path.write_bytes(data)
    good, bad = read(plan([path], spool=tmp_path / "spool"))
    assert [c.id for c in good] == [f"h{n}" for n in (*range(100), *range(200, 300))]
    assert [(failure.reason, failure.origin and failure.origin.row) for failure in bad] == [("torn", 101)]


def test_a_log_that_is_gone_is_no_damage(tmp_path: Path) -> None:
    path = wildchat(tmp_path / "log.parquet", 10, 10)
    planned = plan([path], spool=tmp_path / "spool")
    path.unlink()
    with pytest.raises(InputError, match="cannot be read any more"):
        read(planned)
