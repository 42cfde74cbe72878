"""Plain files cut into units that are named by their own bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rejoinder.ingest import units
from rejoinder.ingest.units import cut_short, line_spans

lines = st.lists(
    st.sampled_from([b"", b" ", b"\t\r", b'{"a": 1}', b'{"text": "' + b"x" * 60 + b'"}', b"{}\r", b"\xff\x00"]), max_size=60
)


def naive(data: bytes) -> list[tuple[int, bytes]]:
    """Row number and bytes of every line that is not blank."""
    return [(number, line) for number, line in enumerate(data.split(b"\n"), start=1) if line.strip()]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Units and blocks so small that every border is met."""
    monkeypatch.setattr(units, "ROWS", 4)
    monkeypatch.setattr(units, "BYTES", 150)
    monkeypatch.setattr(units, "_BLOCK", 37)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines, st.booleans())
@pytest.mark.usefixtures("small")
def test_units_together_hold_exactly_the_rows_of_the_file(tmp_path: Path, content: list[bytes], ended: bool) -> None:
    data = b"\n".join(content) + (b"\n" if ended else b"")
    path = tmp_path / "log.jsonl"
    path.write_bytes(data)
    spans = list(line_spans(path))
    assert b"".join(data[span.start : span.stop] for span in spans) == data
    found = []
    for span in spans:
        rows = [(span.first_row - 1 + number, line) for number, line in naive(data[span.start : span.stop])]
        assert len(rows) == span.rows <= 4
        assert span.stop - span.start <= 150 or len(data[span.start : span.stop].splitlines()) == 1
        found += rows
    assert found == naive(data)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines, lines)
@pytest.mark.usefixtures("small")
def test_appending_changes_only_the_last_unit(tmp_path: Path, content: list[bytes], more: list[bytes]) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in content))
    before = list(line_spans(path))
    path.write_bytes(b"".join(line + b"\n" for line in content + more))
    assert list(line_spans(path))[: max(0, len(before) - 1)] == before[:-1]


@pytest.mark.usefixtures("small")
def test_a_line_longer_than_a_unit_stays_whole_and_counts_as_one_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "LONGEST_ROW", 50)
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"a": 1}\n' + b"x" * 1_000 + b'\n{"b": 2}\n')
    spans = list(line_spans(path))
    assert [(span.first_row, span.rows) for span in spans] == [(1, 2), (3, 1)]


def test_a_span_cut_short_holds_exactly_so_many_rows(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"\n{}\n\n{}\n{}\n")
    (span,) = line_spans(path)
    short = cut_short(path, span, 2)
    assert (short.rows, path.read_bytes()[short.start : short.stop]) == (2, b"\n{}\n\n{}\n")


def test_an_empty_file_has_no_units(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.touch()
    assert list(line_spans(path)) == []
