"""What was read, in words: each file with its format or why it was not read; one is no plural, and what is pooled is told."""

from __future__ import annotations

import re
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


def test_one_of_a_thing_is_no_plural(tmp_path: Path) -> None:
    one = talk("a", [("Hi", "Hello"), ("That is wrong", "Sorry")], ["NEG_AWARE"], user="u", model="aurora", language="en")
    write_report(sources(tmp_path, [one]), tmp_path / "report")
    for name in ("report.md", "report.html"):
        text = (tmp_path / "report" / name).read_text()
        assert "Users told apart: 1, in 1 conversation." in text
        assert "2 user turns; in 1 conversation a user speaks after a response." in text
        assert (
            re.findall(
                r"(?<![\d.,])1 (?:[a-z]+ )?(?:conversation|turn|message|user|row|pair|example|complaint|answer)s\b", text
            )
            == []
        )


def test_what_is_pooled_says_how_many_and_of_what(tmp_path: Path) -> None:
    names = ["en"] * 25 + ["de"] * 3 + [f"x{letter}" for letter in "abcdefghijklmn"]
    exchanges = [("Hi", "Hello"), ("That is wrong", "Sorry")]
    talks = [talk(f"t{i}", exchanges, ["NEG_AWARE"], language=name) for i, name in enumerate(names)]
    write_report(sources(tmp_path, talks), tmp_path / "report")
    for name in ("report.md", "report.html"):
        text = (tmp_path / "report" / name).read_text()
        assert "“other (15)” pools 15 languages with fewer than 20 turns each or beyond the first twelve." in text
        assert "other (4)" in text  # of the list of languages: those beyond the twelve commonest
