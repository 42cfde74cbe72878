"""The journal: what it keeps, what it says about itself, and the command that shows it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rejoinder.cli import app
from rejoinder.errors import StoreError
from rejoinder.gateway import Journal
from rejoinder.gateway.faulty_answers import answer_to
from rejoinder.gateway.journal import Attempt
from rejoinder.gateway.journal_checks import spent, verify
from rejoinder.records import Usage

BODY = answer_to("/v1/chat/completions", {"messages": [{"content": "a b c"}], "model": "m"}, "q", None)


def attempt(key: str = "request-1", kind: str = "answer", **more: object) -> Attempt:
    told = {"status": 200, "raw": BODY, "usage": Usage(input_tokens=3, output_tokens=8)} if kind == "answer" else {}
    return Attempt(key=key, kind=kind, prompt="label 1a2b", model="m", **{**told, **more})  # type: ignore[arg-type]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    journal = Journal(tmp_path / "deep" / "journal.sqlite")
    journal.write(attempt("request-1", "timeout", detail="no whole answer", seconds=5.0))
    journal.write(attempt("request-1", cost=0.25, seconds=2.0))
    journal.write(attempt("request-2", cost=0.5, seconds=1.0))
    return journal


def test_what_is_written_is_read_back_and_found_by_its_key(journal: Journal) -> None:
    assert [one.kind for one in journal.attempts()] == ["timeout", "answer", "answer"]
    found = journal.find("request-1")
    assert found is not None
    assert (found.raw, found.usage, found.cost) == (BODY, Usage(input_tokens=3, output_tokens=8), 0.25)
    assert journal.find("request-3") is None


def test_a_row_is_there_for_other_processes_as_soon_as_it_is_written(journal: Journal) -> None:
    with sqlite3.connect(journal.path) as other:
        assert other.execute("SELECT count(*) FROM attempts").fetchone() == (3,)


def test_what_failed_settles_nothing(journal: Journal) -> None:
    for kind in ("timeout", "malformed", "server", "overflow", "abandoned"):
        journal.write(attempt(f"request-{kind}", kind))
        assert journal.find(f"request-{kind}") is None


def test_a_sound_journal_has_no_troubles(journal: Journal) -> None:
    found = verify(journal)
    assert (found.attempts, found.answers, found.troubles) == (3, 2, ())


def test_answers_paid_twice_and_rows_that_lie_are_found(journal: Journal) -> None:
    journal.write(attempt("request-2"))
    journal.write(attempt("request-4", raw=b"{"))
    journal.write(attempt("request-5", usage=Usage(input_tokens=99)))
    told = "\n".join(verify(journal).troubles)
    assert "request-2: answered and paid 2 times" in told
    assert "attempt 5: what is called an answer cannot be read" in told
    assert "attempt 6: the tokens are not those of its reply" in told


def test_a_damaged_file_is_found(journal: Journal) -> None:
    for number in range(200):
        journal.write(attempt(f"request-x{number}"))
    journal._run("PRAGMA wal_checkpoint(TRUNCATE)")
    journal.close()
    content = bytearray(journal.path.read_bytes())
    content[8_192:20_480] = b"\xff" * 12_288
    journal.path.write_bytes(content)
    assert "damaged" in verify(journal).troubles[0]


def test_sums_name_what_the_server_did_not_count_and_never_take_unknown_for_nothing(journal: Journal) -> None:
    (row,) = spent(journal)
    assert (dict(row.kinds), row.usage, row.cost) == (
        {"timeout": 1, "answer": 2},
        Usage(input_tokens=6, output_tokens=16),
        0.75,
    )
    journal.write(attempt("request-9", usage=None, cost=None))
    (row,) = spent(journal)
    assert (row.uncounted, row.cost) == (1, None)


def test_of_rows_that_are_written_together_all_are_there_or_none(journal: Journal) -> None:
    journal.write(attempt("request-7"), attempt("request-8"))
    assert len(list(journal.attempts())) == 5
    with pytest.raises(StoreError, match="cannot be used"):
        journal.write(attempt("request-10"), attempt("request-11", detail=None))
    assert journal.find("request-10") is None
    journal.write(attempt("request-10"))
    assert journal.find("request-10") is not None, "nothing is left half open"


def test_a_journal_of_another_version_is_refused(journal: Journal) -> None:
    journal._run("PRAGMA user_version = 99")
    journal.close()
    with pytest.raises(StoreError, match="version"):
        journal.find("request-1")


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="folder of the journal"):
        Journal(tmp_path / "file" / "journal.sqlite").write(attempt())


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["journal", *arguments])
    return (done.exit_code if not isinstance(done.exception, StoreError) else 4), done.output + str(done.exception or "")


def test_the_command_verifies_shows_sums_up_and_exports(journal: Journal, tmp_path: Path) -> None:
    file = str(journal.path)
    assert run("verify", file) == (0, "3 attempts, 2 answers, 0 troubles\n")
    assert run("verify", str(journal.path.parent)) == run("verify", file), "a run folder will do"
    code, shown = run("show", file, "--kind", "timeout")
    assert code == 0
    assert "no whole answer" in shown
    assert "1 of 1 attempts" in shown
    assert BODY.decode() in run("show", file, "--key", "request-2")[1]
    assert "2 answer, 1 timeout; 6 + 16 tokens (2 of 2 answers counted); $0.7500; 1.50 s per answer" in run("stats", file)[1]
    assert json.loads(run("stats", file, "--json")[1])["cost"] == 0.75
    out = tmp_path / "rows.jsonl"
    assert run("export", file, "--out", str(out))[0] == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["kind"] for row in rows] == ["timeout", "answer", "answer"]
    assert json.loads(rows[1]["raw"])["model"] == "m"


def test_the_command_fails_where_something_is_wrong(journal: Journal, tmp_path: Path) -> None:
    assert run("stats", str(tmp_path / "none"))[0] == 4
    journal.write(attempt("request-2"))
    code, told = run("verify", str(journal.path))
    assert code == 4
    assert "paid 2 times" in told


def test_a_reply_cannot_send_escape_codes_to_the_terminal(journal: Journal) -> None:
    journal.write(attempt("request-7", "malformed", raw=b"\x1b[2Jhello\n\x07"))
    shown = run("show", str(journal.path), "--last", "1")[1]
    assert "\x1b" not in shown
    assert "\x07" not in shown
