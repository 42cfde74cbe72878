"""The command line as a script meets it: exit codes, messages, standard output and error."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from tests.logs import write_log

GOLD = Path(__file__).parents[2] / "examples" / "formats" / "gold.jsonl"


def rejoinder(*arguments: object, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rejoinder", *map(str, arguments)]
    done = subprocess.run(command, input=stdin, capture_output=True, check=False)
    return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    done = rejoinder("run", write_log(folder / "log.jsonl"), "-o", folder / "run", "--workers", 1)
    assert done.returncode == 0, done.stderr
    assert "read        7 = 4 kept + 1 duplicate + 2 quarantined" in done.stdout
    assert "openai-messages (" in done.stdout, "the format is printed with its evidence"
    assert str(folder / "run" / "report" / "report.html") in done.stdout
    assert "annotated: 1 of 1 units" in done.stderr, "plain lines where there is no terminal"
    return folder / "run"


def test_chapters_one_by_one_leave_the_same_bytes_as_run(run: Path, tmp_path: Path) -> None:
    other = tmp_path / "run"
    log = write_log(run.parent / "log.jsonl")
    chapters = [("ingest", log, "-o", other), *[(verb, other) for verb in ("detect", "pairs", "export", "report")]]
    for chapter in chapters:
        done = rejoinder(*chapter)
        assert done.returncode == 0, done.stderr
        if chapter[0] == "detect":
            assert "NEG_CORRECTION" in rejoinder("inspect", other, "--conversation", "repaired").stdout
    files = {path.relative_to(run): path.read_bytes() for path in run.rglob("*") if path.is_file()}
    assert files == {path.relative_to(other): path.read_bytes() for path in other.rglob("*") if path.is_file()}


def test_what_the_log_says_of_answers_stands_in_inspect_and_in_why(tmp_path: Path) -> None:
    log, out = tmp_path / "judged.jsonl", tmp_path / "run"
    liked, disliked = (
        {"role": "assistant", "content": text} for text in ("Call her Ash, after her fur.", "Call her Sir Rex of Dust.")
    )
    asked = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Name a grey cat."}]
    pair = {"input": {"messages": asked}}
    log.write_bytes(orjson.dumps(pair | {"preferred_output": [liked], "non_preferred_output": [disliked]}) + b"\n")
    done = rejoinder("run", log, "-o", out, "--workers", 1)
    assert "pair        1 kept, 0 dropped by gates" in done.stdout, done.stdout + done.stderr
    row = orjson.loads((out / "preference" / "provenance.jsonl").read_bytes().splitlines()[0])
    story = rejoinder("why", row["id"], "--run", out).stdout
    assert "the log says of it: vote +1" in story
    assert "another answer: Call her Sir Rex" in story
    shown = rejoinder("inspect", out, "--conversation", row["provenance"]["conversation_id"]).stdout
    assert "system: Be brief." in shown
    assert "<- vote +1" in shown
    assert "or: Call her Sir Rex" in shown


def test_inspect_shows_stages_and_one_conversation(run: Path) -> None:
    assert "annotated" in rejoinder("inspect", run).stdout
    assert orjson.loads(rejoinder("inspect", run, "--json").stdout)["conversations"]["failed"] == 1
    story = rejoinder("inspect", run, "--conversation", "repaired").stdout
    assert "NEG_CORRECTION about [1]" in story
    assert rejoinder("inspect", run, "--conversation", "nowhere").returncode == 2


def test_standard_input_and_gzip_say_the_same_as_a_file(run: Path, tmp_path: Path) -> None:
    raw = write_log(tmp_path / "log.jsonl").read_bytes()
    (tmp_path / "log.jsonl.gz").write_bytes(gzip.compress(raw))
    for number, (log, stdin) in enumerate([("-", raw), (tmp_path / "log.jsonl.gz", b"")]):
        done = rejoinder("ingest", log, "-o", tmp_path / str(number), "--workers", 1, stdin=stdin)
        assert "read        7 = 4 kept + 1 duplicate + 2 quarantined" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["run", "no-such-file.jsonl", "-o", "OUT"], 3, "no-such-file.jsonl"),
        (["run", "LOG", "-o", "OUT", "--format", "whatsapp"], 2, "whatsapp"),
        (["run", "LOG", "-o", "OUT", "--map", "user"], 2, "role=column"),
        (["run", "LOG", "-o", "OUT", "--to", "vllm"], 2, "vllm"),
        (["run", "LOG"], 2, "--output"),
        (["detect", "OUT"], 4, "no complete dataset"),
        (["inspect", "OUT"], 2, "not a run folder"),
        (["run", "LOG", "-o", "LOG"], 4, "cannot be written"),
        (["detect", "--frontier", "GOLD", "--figure", "FOLDER"], 4, "cannot be written"),
    ],
)
def test_mistakes_end_with_a_sentence_and_a_code(tmp_path: Path, arguments: list[str], code: int, words: str) -> None:
    log = write_log(tmp_path / "log.jsonl")
    places = {"LOG": str(log), "OUT": str(tmp_path / "out"), "FOLDER": str(tmp_path), "GOLD": str(GOLD)}
    done = rejoinder(*[places.get(argument, argument) for argument in arguments])
    assert (done.returncode, words in done.stderr, "Traceback" in done.stderr) == (code, True, False), done.stderr


def test_limit_reads_exactly_so_many_rows(tmp_path: Path) -> None:
    done = rejoinder("ingest", write_log(tmp_path / "log.jsonl"), "-o", tmp_path / "run", "--limit", 3, "--workers", 1)
    assert "read        3 = 2 kept + 0 duplicate + 1 quarantined" in done.stdout, done.stderr


def test_formats_lists_every_reader() -> None:
    names = {line.split()[0] for line in rejoinder("formats").stdout.splitlines()}
    assert {"wildchat", "lmsys", "sharegpt", "openai-messages", "chatgpt-export", "claude-export", "langfuse"} <= names
