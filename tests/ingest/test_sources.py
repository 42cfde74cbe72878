"""What the user can name, and what is told of it."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from pathlib import Path

import pytest

from rejoinder.errors import FormatError, InputError, UsageError
from rejoinder.ingest import ReadLogs, plan

from .logs import conversation, lines, packed, read

FRENCH = '{"messages": [{"role": "user", "content": "Désolé, où est la gare?"}]}\n'


def test_folders_globs_and_files_are_read_once_each_in_a_stable_order(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    (logs / "deep").mkdir(parents=True)
    for number, name in enumerate(("b.jsonl", "a.jsonl.gz", "deep/c.jsonl.zst")):
        (logs / name).write_bytes(packed(lines([conversation(number)]), name))
    (logs / ".hidden.jsonl").write_bytes(b"no")
    (logs / "notes.txt").write_bytes(b"no")
    planned = plan([logs, str(logs / "*.jsonl"), logs / "b.jsonl"], spool=tmp_path / "spool")
    assert [Path(found.file).name for found in planned.detected] == ["a.jsonl.gz", "b.jsonl", "c.jsonl.zst"]
    good, _ = read(planned)
    assert [c.id for c in good] == ["c1", "c0", "c2"]
    assert good[0].origin.file == str(logs / "a.jsonl.gz")


def test_standard_input_is_read_and_can_be_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = packed(lines([conversation(1)]), "x.gz")
    fingerprints = []
    for _ in range(2):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        planned = plan(["-"], spool=tmp_path / "spool")
        fingerprints.append(planned.units[0].fingerprint)
        good, _ = read(planned)
        assert [(c.id, c.origin.file) for c in good] == [("c1", "-")]
    assert fingerprints[0] == fingerprints[1]


def test_members_of_an_archive_are_read_in_order_and_strangers_are_named(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("b.jsonl", lines([conversation(1)]))
        archive.writestr("a/log.json", json.dumps([conversation(2)]))
        archive.writestr("user.json", '{"id": "user-1", "email": "a@example.com"}')
        archive.writestr("chat.html", "<html>")
    planned = plan([path], spool=tmp_path / "spool")
    assert [(found.file.removeprefix(f"{path}:"), found.format) for found in planned.detected] == [
        ("a/log.json", "openai-messages"),
        ("b.jsonl", "openai-messages"),
        ("user.json", ""),
    ]
    assert planned.detected[2].why.startswith("no known format fits"), "the reader sees `not read (why)`"
    assert [c.id for c in read(planned)[0]] == ["c2", "c1"]


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("log.jsonl", b"\xff\xfe{\x00}\x00", "UTF-16"),
        ("log.zip", b"PK\x03\x04 not an archive", "not a readable zip"),
        ("log.parquet", b"PAR1 not a table", "not a readable Parquet"),
        ("log.txt", b"Dear diary,\n", "no JSON at all"),
        ("log.jsonl", b'{"temperature": 21}\n', "temperature"),
        ("log.jsonl", FRENCH.encode("latin-1"), r"Windows-1252 \(Latin-1\).*iconv -f WINDOWS-1252 -t UTF-8"),
        ("log.jsonl", FRENCH.encode("utf-16-le"), "UTF-16LE.*iconv -f UTF-16LE -t UTF-8"),
        ("log.jsonl", FRENCH.replace("Désolé, où est", "Привет").encode("cp1251"), "cannot be told.*iconv -f ENCODING"),
        ("log.jsonl", FRENCH.replace("Désolé, où est", "こんにちは").encode("shift-jis"), "cannot be told"),
        ("log.jsonl", bytes(range(256)) * 8, "no text"),
        ("log.zip", b"PK...", "not a readable zip archive"),
        ("log.zip", b"PK\x05\x06" + bytes(18), "no log inside the archive"),
        ("log.jsonl.gz", b"{torn", "not a readable gzip file"),
        ("log.jsonl.gz", packed(b"{}\n" * 99, ".gz")[:10], "cannot be unpacked"),
        ("log.parquet", b"XXXX", "not a readable Parquet"),
    ],
)
def test_a_file_that_is_no_log_is_refused_with_what_was_seen(tmp_path: Path, name: str, data: bytes, says: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InputError, match=says) as caught:
        plan([path], spool=tmp_path / "spool")
    assert str(path) in str(caught.value)
    assert caught.value.remedy


def test_broken_files_in_a_folder_are_listed_and_the_others_are_read(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    encrypted = bytearray(packed(lines([conversation(2)]), ".zip"))
    for at in (6, encrypted.index(b"PK\x01\x02") + 8):
        encrypted[at] |= 1
    broken = {
        "bad.parquet": b"PAR1xxxx",
        "cut.jsonl.gz": packed(b"{}\n" * 99, ".gz")[:10],
        "fake.zip": b"PK\x03\x04 not an archive",
        "latin1.jsonl": FRENCH.encode("latin-1"),
        "secret.zip": bytes(encrypted),
        "wide.jsonl": FRENCH.encode("utf-16"),
    }
    for name, data in {**broken, "good.jsonl": lines([conversation(1)])}.items():
        (logs / name).write_bytes(data)
    planned = plan([logs], spool=tmp_path / "spool")
    told = {Path(found.file).name: (found.format, found.why) for found in planned.detected}
    assert sorted(name for name, (form, _) in told.items() if not form) == sorted(broken)
    reasons = [
        "not a readable Parquet",
        "cannot be unpacked",
        "not a readable zip",
        "iconv -f WINDOWS-1252",
        "encrypted",
        "UTF-16",
    ]
    assert all(reason in told[name][1] for name, reason in zip(broken, reasons, strict=True))
    assert [c.id for c in read(planned)[0]] == ["c1"]
    for name in broken:
        with pytest.raises(InputError, match=name):
            plan([logs / name], spool=tmp_path / "spool")


def test_a_folder_of_broken_files_only_ends_with_the_first_reason(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "bad.parquet").write_bytes(b"PAR1xxxx")
    with pytest.raises(InputError, match=r"bad\.parquet: not a readable Parquet"):
        plan([tmp_path / "logs"], spool=tmp_path / "spool")


def test_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    for given in (tmp_path, tmp_path / "missing.jsonl", tmp_path / "*.jsonl"):
        with pytest.raises(InputError, match="nothing to read"):
            plan([given], spool=tmp_path / "spool")
    with pytest.raises(InputError, match="No input"):
        plan([], spool=tmp_path / "spool")


def test_a_format_can_be_forced_and_an_unknown_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"temperature": 21}\n')
    planned = plan([path], spool=tmp_path / "spool", format="sharegpt")
    assert planned.detected[0].why == "--format sharegpt; JSON lines"
    good, bad = read(planned)
    assert (len(good), len(bad)) == (0, 1)
    with pytest.raises(UsageError, match=r"Known formats: .*sharegpt"):
        plan([path], spool=tmp_path / "spool", format="shareGTP")
    with pytest.raises(UsageError):
        plan([path], spool=tmp_path / "spool", column_map=(("nonsense", "temperature"),))


def test_a_mapped_column_that_no_row_has_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    rows = lines([{"question": "Hi", "answer": "Hello"}] * 3)
    for name, data in (("log.jsonl", rows), ("log.csv", b"question,answer\nHi,Hello\n")):
        (tmp_path / name).write_bytes(data)
        columns = (("assistant", "answer"), ("user", "NOPE"))
        with pytest.raises(FormatError, match=r"no column `NOPE` \(for user\).*The columns there are: question, answer"):
            plan([tmp_path / name], spool=tmp_path / "spool", column_map=columns)


@pytest.mark.parametrize(
    ("row", "guess"),
    [
        ({"prompt": "a", "followup": "b", "assistant_text": "c"}, "user=prompt,assistant=assistant_text"),
        (
            {"session_id": 1, "user_id": 2, "model_name": "m", "userMessage": "a", "created_at": 3},
            "user=userMessage,assistant=COLUMN,conversation=session_id,time=created_at",
        ),
        ({"sender": "me", "text": "a"}, "role=sender,content=text,conversation=COLUMN"),
    ],
)
def test_a_refusal_suggests_a_map_from_the_columns(tmp_path: Path, row: dict[str, object], guess: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(lines([row]))
    with pytest.raises(FormatError) as caught:
        plan([path], spool=tmp_path / "spool")
    assert f'--map "{guess}"' in str(caught.value)


def test_no_map_is_suggested_where_no_column_speaks(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"temperature": 21}\n')
    with pytest.raises(FormatError, match="name the columns with --map"):
        plan([path], spool=tmp_path / "spool")


def test_only_empty_lists_of_messages_are_quarantined_not_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(lines([{"messages": []}] * 3))
    planned = plan([path], spool=tmp_path / "spool")
    assert planned.detected[0].format == "openai-messages"
    good, bad = read(planned)
    assert (good, [failure.reason for failure in bad]) == ([], ["no-messages"] * 3)
    path.write_bytes(lines([{"messages": ["who", "speaks"]}]))
    with pytest.raises(FormatError, match="no known format"):
        plan([path], spool=tmp_path / "spool")


def test_the_reason_for_a_format_is_told(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"broken first line\n" + lines([conversation(1), conversation(2)]))
    (found,) = plan([path], spool=tmp_path / "spool").detected
    assert found.format == "openai-messages"
    assert "2 of 2 rows; JSON lines" in found.why


def test_judgements_that_are_not_understood_are_told_with_the_format_and_logged_in_each_row(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("q,a,t\nHi,Hello,👍\nHo,Hello,maybe\nHu,Hello,maybe\nHe,Hello,\n", encoding="utf-8")
    columns = (("assistant", "a"), ("thumb", "t"), ("user", "q"))
    planned = plan([path], spool=tmp_path / "spool", column_map=columns)
    assert planned.detected[0].why.endswith("; 2 judgements in 4 sampled rows not understood (thumb 'maybe' -> none)")
    good, _ = read(planned, ReadLogs(column_map=columns))
    assert [[s.value for s in c.messages[1].signals] for c in good] == [[1.0], [], [], []]
    assert [c.repairs for c in good] == [(), *[("message 2: thumb 'maybe' -> none",)] * 2, ()]
