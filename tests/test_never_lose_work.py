"""A run that is killed, interrupted or out of disk goes on where it was, and ends in the same bytes as one that was not."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import orjson
import pytest

FILES, ROWS = 6, 150
WORDS = """we plan the garden with early beans and late kale so that soil rests between two harvests of each bed""".split()  # noqa: SIM905  a list of words reads best as words
SAYINGS = [
    "No, I meant spring.",
    "Thanks, that works!",
    "what about tulips?",
    "that is wrong",
    "please make it shorter",
    "ok next: roses",
]


def write_logs(folder: Path) -> Path:
    rng = random.Random(5)
    folder.mkdir()
    for number in range(FILES):
        with (folder / f"{number}.jsonl").open("wb") as log:
            for row in range(ROWS):
                log.write(orjson.dumps({"messages": messages(rng)}) + b"\n" if row % 50 else b'{"messages": broken\n')
    return folder


def messages(rng: random.Random) -> list[dict[str, str]]:
    said = []
    for turn in range(rng.randint(1, 4)):
        request = " ".join(rng.choices(WORDS, k=12)) if turn == 0 else rng.choice(SAYINGS)
        said.append({"role": "user", "content": request})
        said.append({"role": "assistant", "content": " ".join(rng.choices(WORDS, k=60)) + "."})
    return said


def command(logs: Path, run: Path) -> list[str]:
    return [sys.executable, "-m", "rejoinder", "run", str(logs), "-o", str(run), "--workers", "2"]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_logs(tmp_path_factory.mktemp("logs") / "in")


@pytest.fixture(scope="module")
def undisturbed(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], float]:
    run, start = tmp_path_factory.mktemp("undisturbed") / "run", time.monotonic()
    subprocess.run(command(logs, run), check=True, capture_output=True)
    return contents(run), time.monotonic() - start


def assert_same(run: Path, undisturbed: dict[str, bytes]) -> None:
    found = contents(run)
    assert sorted(found) == sorted(undisturbed)
    assert [name for name in found if found[name] != undisturbed[name]] == []


@pytest.mark.slow
def test_killed_at_many_random_points_it_ends_in_the_same_bytes(
    logs: Path, undisturbed: tuple[dict[str, bytes], float], tmp_path: Path
) -> None:
    expected, seconds = undisturbed
    rng, kills = random.Random(11), 0
    for attempt in range(5):
        run = tmp_path / f"run-{attempt}"
        for _ in range(3):  # the same run may be killed more than once
            process = subprocess.Popen(command(logs, run), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(rng.uniform(0.2, 0.95) * seconds)
            kills += process.poll() is None
            process.kill()
            process.wait()
        subprocess.run(command(logs, run), check=True, capture_output=True)
        assert_same(run, expected)
    assert kills >= 8, "most of the runs must have been killed before they ended"


@pytest.mark.slow
def test_an_interrupt_ends_with_a_sentence_and_the_same_command_goes_on(
    logs: Path, undisturbed: tuple[dict[str, bytes], float], tmp_path: Path
) -> None:
    expected, seconds = undisturbed
    run = tmp_path / "run"
    process = subprocess.Popen(command(logs, run), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    time.sleep(0.6 * seconds)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode in (0, 130)
    if process.returncode == 130:
        assert "goes on where it was" in errors
    assert "Traceback" not in errors
    subprocess.run(command(logs, run), check=True, capture_output=True)
    assert_same(run, expected)


@pytest.mark.slow
def test_a_full_disk_ends_with_a_sentence_and_the_same_command_goes_on(
    logs: Path, undisturbed: tuple[dict[str, bytes], float], tmp_path: Path
) -> None:
    expected, _ = undisturbed
    run = tmp_path / "run"

    def small_disk() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    process = subprocess.run(
        [*command(logs, run)[:-1], "1"],
        check=False,
        preexec_fn=small_disk,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert process.returncode == 4
    assert "Free space" in process.stderr
    assert "Traceback" not in process.stderr
    subprocess.run(command(logs, run), check=True, capture_output=True)
    assert_same(run, expected)
