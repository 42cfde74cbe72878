"""The table of input files: each with its format, or why it was not read."""

from __future__ import annotations

from pathlib import Path

from rejoinder.report import write_report
from rejoinder.report.sources import LogFile
from tests.report.logs import sources, talk


def test_a_file_that_was_not_read_says_so_with_its_reason(tmp_path: Path) -> None:
    files = (
        LogFile("chats.jsonl", "gold", "messages in 2 of 2 rows"),
        LogFile("bad.parquet", "", "not a readable Parquet file"),
    )
    write_report(
        sources(tmp_path, [talk("a", [("Hi", "Hello"), ("That is wrong", "Sorry")], ["NEG_AWARE"])], files=files),
        tmp_path / "report",
    )
    text = (tmp_path / "report" / "report.md").read_text()
    assert "| chats.jsonl | gold: messages in 2 of 2 rows |" in text
    assert "| bad.parquet | not read: not a readable Parquet file | 0 |" in text
    assert "<td>not read<small>not a readable Parquet file</small></td>" in (tmp_path / "report" / "report.html").read_text()
