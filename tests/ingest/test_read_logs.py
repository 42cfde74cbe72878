"""From files on disk to conversations and counted failures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rejoinder.errors import InputError
from rejoinder.ingest import ReadLogs, plan
from rejoinder.records import Conversation
from rejoinder.store import write_part

from .logs import conversation, lines, packed, read, read_bytes

DIRTY = b"".join(
    (
        lines([conversation(1)]),
        b"\n   \n",
        b'{"id": "x", "messages": [{"role": "user", "content": "torn off\n',
        b'{"id": "latin", "messages": [{"role": "user", "content": "caf\xe9"}]}\n',
        b'{"id": "nan", "score": NaN, "messages": [{"role": "user", "content": "half \\ud83d"}]}\n',
        b"[1, 2, 3]\n",
        b'{"id": "empty", "messages": []}\n',
        b'{"id": "monologue", "messages": [{"role": "assistant", "content": "Hello?"}]}\n',
        b'{"id": "silence", "messages": [{"role": "user", "content": null}]}\n',
        b'{"id": "doubled", "id": "last", "messages": [{"role": "user", "content": "Hi"}]}\n',
        b'{"messages": ' + b"[" * 3_000 + b"]" * 3_000 + b"}\n",
        lines([conversation(2)]),
    )
)


def test_a_dirty_log_gives_conversations_and_failures_that_add_up(tmp_path: Path) -> None:
    good, bad = read_bytes(tmp_path, DIRTY)
    assert [c.id for c in good] == ["c1", "nan", "last", "c2"]
    assert [c.origin.row for c in good] == [1, 6, 11, 13]
    reasons = {failure.origin.row: failure.reason for failure in bad if failure.origin}
    assert reasons[4] == "not-json"
    assert reasons[5] == "not-utf8"
    assert set(reasons) == {4, 5, 7, 8, 9, 10, 12}
    assert all(failure.detail and failure.raw for failure in bad)


def test_a_lone_surrogate_is_replaced_and_its_place_is_logged(tmp_path: Path) -> None:
    good, _ = read_bytes(tmp_path, DIRTY)
    assert good[1].messages[0].content == "half \ufffd"
    assert good[1].repairs == ("message 1: U+D83D at 5 -> U+FFFD",)


@pytest.mark.parametrize("extension", ["jsonl", "jsonl.gz", "jsonl.zst", "log.zip"])
def test_a_packed_log_reads_like_a_plain_one(tmp_path: Path, extension: str) -> None:
    plain, plain_failures = read_bytes(tmp_path, DIRTY)
    good, bad = read_bytes(tmp_path, packed(DIRTY, extension), f"packed.{extension}")
    assert [(c.id, c.messages, c.origin.row) for c in good] == [(c.id, c.messages, c.origin.row) for c in plain]
    assert [(f.reason, f.raw) for f in bad] == [(f.reason, f.raw) for f in plain_failures]
    assert {c.origin.file for c in good} == {str(tmp_path / f"packed.{extension}")}
    assert {c.origin.member for c in good} == {"export/log.jsonl" if extension == "log.zip" else None}


@pytest.mark.parametrize("extension", ["jsonl.gz", "jsonl.zst"])
def test_a_torn_archive_keeps_what_was_read_and_counts_the_tear(tmp_path: Path, extension: str) -> None:
    rows = [conversation(n, f"Question {n * 7919 % 1000}?", f"{n * 104729 % 9973}" * 20) for n in range(3_000)]
    whole = packed(lines(rows), extension)
    good, bad = read_bytes(tmp_path, whole[: len(whole) * 2 // 3], f"torn.{extension}")
    assert 0 < len(good) < 3_000
    assert [c.id for c in good] == [f"c{n}" for n in range(len(good))]
    assert [failure.reason for failure in bad][-1] == "torn"
    assert len(bad) <= 2


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("bom.jsonl", b"\xef\xbb\xbf" + lines([conversation(1), conversation(2)])),
        ("crlf.jsonl", lines([conversation(1), conversation(2)], "\r\n")),
        ("no-break-at-the-end.jsonl", lines([conversation(1), conversation(2)]).rstrip()),
        ("array.json", json.dumps([conversation(1), conversation(2)]).encode()),
        ("pretty.json", json.dumps([conversation(1), conversation(2)], indent=2).encode()),
        ("bom-array.json", b"\xef\xbb\xbf" + json.dumps([conversation(1), conversation(2)]).encode()),
        ("wrapped.json", json.dumps({"version": 1, "data": [conversation(1), conversation(2)]}, indent=1).encode()),
        ("runs.json", json.dumps({"runs": [conversation(1), conversation(2)], "n": 2}).encode()),
        ("joined.json", "\n".join(json.dumps(conversation(n), indent=2) for n in (1, 2)).encode()),
        ("lines.json", lines([conversation(1), conversation(2)])),
        ("lines.log", lines([conversation(1), conversation(2)])),
    ],
)
def test_every_way_to_lay_out_json_gives_the_same_rows(tmp_path: Path, name: str, data: bytes) -> None:
    good, bad = read_bytes(tmp_path, data, name)
    assert [(c.id, c.origin.file) for c in good] == [("c1", str(tmp_path / name)), ("c2", str(tmp_path / name))]
    assert not bad


def test_an_empty_file_is_named_and_gives_nothing(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.touch()
    (tmp_path / "other.jsonl").write_bytes(lines([conversation(1)]))
    planned = plan([path, tmp_path / "other.jsonl"], spool=tmp_path / "spool")
    assert (planned.rows, planned.detected[0].why) == (1, "empty")


def test_nothing_but_empty_files_is_an_error_that_names_one(tmp_path: Path) -> None:
    paths = [tmp_path / "a.jsonl", tmp_path / "b.csv"]
    for path in paths:
        path.write_bytes(b"\n")
    with pytest.raises(InputError, match=r"b\.csv: is empty\. "):
        plan(paths[1:], spool=tmp_path / "spool")
    with pytest.raises(InputError, match=r"a\.jsonl: is empty, and so are 1 more"):
        plan(paths, spool=tmp_path / "spool")


def test_redaction_reaches_ids_users_and_the_quarantine(tmp_path: Path) -> None:
    mail = "jane.doe@example.com"
    rows = lines([conversation(1) | {"id": f"{n}-{mail}", "user": mail, "model": mail, "title": mail} for n in (1, 2)])
    bad_rows = (
        lines([{"id": "x", "note": f"\n{mail}", "messages": [{"role": "assistant", "content": "4111111111111111"}]}])
        + lines([{"messages": [{"role": 7, "content": mail}]}])
        + b'{"torn": "\\njane.doe\\u0040example.com \\ud83d\n'
        + b'{"torn": "'
        + b"." * 19_990
        + b" jane.doe@example.com\n"
    )
    path = tmp_path / "log.jsonl"
    path.write_bytes(rows + bad_rows)
    good, bad = read(plan([path], spool=tmp_path / "spool"), ReadLogs(redact=("email", "card")))
    assert (len(good), len(bad)) == (2, 4)
    assert len({c.id for c in good}) == 2
    assert len({c.user for c in good}) == 1
    for sign in ("jane", "example", "4111"):
        assert sign not in str([good, bad])
    assert json.loads(bad[0].raw or "")["note"] == "\n[EMAIL]", "a row of JSON stays one"
    write_part(tmp_path / "part.parquet", Conversation, good, bad, 6)


@pytest.mark.parametrize(("limit", "expected"), [(1, 1), (2, 2), (3, 3), (9, 3)])
def test_a_limit_counts_conversations_where_they_are_spread_over_rows(tmp_path: Path, limit: int, expected: int) -> None:
    path = tmp_path / "log.csv"
    path.write_text("chat,q,a\n1,Soup?,Leek.\n1,Bread?,Rye.\n2,Tea?,Green.\n1,Wine?,None.\n,Beer?,None.\n")
    columns = (("assistant", "a"), ("conversation", "chat"), ("user", "q"))
    planned = plan([path], spool=tmp_path / "spool", column_map=columns, limit=limit)
    outcomes = ReadLogs(column_map=columns)(planned.units)
    assert (planned.rows, len(outcomes)) == (expected, expected)
    found = [len(o.messages) if isinstance(o, Conversation) else o.reason for o in outcomes]
    assert found == [6, 2, "no-conversation-key"][:expected]
    assert planned.detected[0].why.endswith("; the rows of one conversation count as one")


@pytest.mark.parametrize("name", ["log.jsonl", "log.jsonl.gz", "log.json"])
@pytest.mark.parametrize("limit", [1, 7, 5_000, 5_001, 6_000, 9_999])
def test_a_limit_reads_exactly_so_many_rows(tmp_path: Path, limit: int, name: str) -> None:
    rows = [conversation(n, "Why?", "Because.") for n in range(6_000)]
    data = json.dumps(rows).encode() if name.endswith(".json") else packed(lines(rows), name)
    good, bad = read_bytes(tmp_path, data, name, limit=limit)
    assert ([c.id for c in good], bad) == ([f"c{n}" for n in range(min(limit, 6_000))], [])


def test_units_of_packed_logs_keep_their_names_and_the_spool_is_reused(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl.gz"
    path.write_bytes(packed(lines([conversation(n) for n in range(20)]), path.name))
    first = plan([path], spool=tmp_path / "spool")
    chunk = Path(first.units[0].path)
    before = chunk.stat().st_mtime_ns
    assert plan([path], spool=tmp_path / "spool") == first
    assert chunk.stat().st_mtime_ns == before
    elsewhere = plan([path], spool=tmp_path / "other")
    assert [unit.fingerprint for unit in elsewhere.units] == [unit.fingerprint for unit in first.units]


def test_rows_of_spread_conversations_come_together_across_files(tmp_path: Path) -> None:
    rows = [
        {"session": f"s{n % 3}", "at": n, "who": ("user", "assistant")[n // 3 % 2], "said": f"{n}: something"}
        for n in range(12)
    ]
    (tmp_path / "a.jsonl").write_bytes(lines(rows[6:]) + b"garbage\n")
    (tmp_path / "b.jsonl").write_bytes(lines(rows[:6]) + lines([{"session": None, "who": "user", "said": "whose?", "at": 1}]))
    columns = (("conversation", "session"), ("time", "at"), ("role", "who"), ("content", "said"))
    planned = plan([tmp_path / "a.jsonl", tmp_path / "b.jsonl"], spool=tmp_path / "spool", column_map=columns)
    good, bad = read(planned, ReadLogs(column_map=columns))
    assert [c.id for c in good] == ["s0", "s1", "s2"]
    assert [[m.content.split(":")[0] for m in c.messages] for c in good] == [
        ["0", "3", "6", "9"],
        ["1", "4", "7", "10"],
        ["2", "5", "8", "11"],
    ]
    assert [(c.origin.file, c.origin.row) for c in good] == [(str(tmp_path / "b.jsonl"), n) for n in (1, 2, 3)]
    assert sorted((f.reason, f.origin.row) for f in bad if f.origin) == [("no-conversation-key", 7), ("not-json", 7)]


def test_csv_rows_are_read_by_a_declared_map(tmp_path: Path) -> None:
    data = b'prompt,answer\n"Multi\nline, ""quoted""",Yes\nSecond,No\nthird,a,b\ncaf\xe9,x\n'
    columns = (("user", "prompt"), ("assistant", "answer"))
    path = tmp_path / "log.csv"
    path.write_bytes(data)
    good, bad = read(plan([path], spool=tmp_path / "spool", column_map=columns), ReadLogs(column_map=columns))
    assert [[m.content for m in c.messages] for c in good] == [['Multi\nline, "quoted"', "Yes"], ["Second", "No"]]
    assert [(f.reason, f.origin.row) for f in bad if f.origin] == [("not-csv", 3), ("not-utf8", 4)]


def test_a_log_that_vanished_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(lines([conversation(1)]))
    planned = plan([path], spool=tmp_path / "spool")
    path.unlink()
    with pytest.raises(InputError, match="Put the file back"):
        read(planned)


def test_a_unit_is_named_by_what_decides_its_outcome(tmp_path: Path) -> None:
    names = {}
    for name, row in (("a.jsonl", 1), ("b.jsonl", 1), ("c.jsonl", 2)):
        path = tmp_path / name
        path.write_bytes(lines([conversation(row)]))
        names[name] = plan([path], spool=tmp_path / "spool").units[0].fingerprint
    assert len(set(names.values())) == 3
