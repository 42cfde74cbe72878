"""Data sets built for arms: sizes, gates and counts on the pages are those of the files; without arms nothing stands there."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from rejoinder.cli.console import print_arms
from rejoinder.pipeline import run
from rejoinder.records import PreferenceExample
from rejoinder.report import BuiltSets, Numbers, write_report
from rejoinder.settings import load_settings
from tests.report.logs import dataset, examples_of, invented, sources

COUNTS = {
    "sizes": [
        {"subset": "negative", "available": 1_234, "taken": 900, "most": 0.7},
        {"subset": "random", "available": 1_000, "taken": 900, "most": 0.9},
    ],
    "unfit": {"tool-use": 2, "unsafe-request": 5},
    "arms": [
        {
            "arm": "negative-scratch", "samples": 900, "examples": 1_800,
            "kept": {"sft": {"train": 700, "held_out": 80}, "pair": {"train": 690, "held_out": 78}},
            "dropped": {"short": {"pair": 2, "sft": 1}, "judge": {"pair": 119, "sft": 115}, "repeated": {"pair": 11, "sft": 4}},
            "kto_weights": None,
        },
        {"arm": "random-scratch", "samples": 900, "examples": 0, "kept": {}, "dropped": {}, "kto_weights": None},
    ],
}  # fmt: skip


def built_of(folder: Path) -> BuiltSets:
    """Two rows of an arm that the gate `judge` dropped, each with what it was told."""
    one, other = examples_of(invented(20))[:2]
    rows = [
        msgspec.structs.replace(
            row, provenance=msgspec.structs.replace(row.provenance, rule="negative-scratch"), dropped_by="judge", reason=said
        )
        for row, said in ((one, "The judge prefers the logged answer."), (other, "The judge sees a tie."))
    ]
    return BuiltSets(dataset(folder / "built", PreferenceExample, rows), COUNTS)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with built data sets."""
    folder = tmp_path_factory.mktemp("run")
    write_report(sources(folder, invented(20), built=built_of(folder)), folder / "report")
    return folder / "report"


def test_each_arm_has_its_kept_and_dropped_rows_and_they_make_up_what_was_made(report: Path) -> None:
    built = msgspec.json.decode((report / "report.json").read_bytes(), type=Numbers).built
    assert built is not None
    scratch, empty = built.arms
    assert (scratch.samples, scratch.made, scratch.kept, scratch.dropped) == (900, 1_800, 1_548, 252)
    assert [(one.kind, one.train, one.held_out) for one in scratch.kinds] == [("pair", 690, 78), ("sft", 700, 80)]
    assert [(one.gate, one.n, one.share) for one in scratch.gates] == [
        ("judge", 234, 0.13), ("repeated", 15, 0.008333), ("short", 3, 0.001667),
    ]  # fmt: skip
    assert (empty.made, empty.kept, empty.dropped, empty.kinds, empty.gates) == (0, 0, 0, (), ())


def test_a_gate_gives_one_of_its_reasons_and_a_repeat_the_reason_of_all(report: Path) -> None:
    gates = json.loads((report / "report.json").read_text())["built"]["arms"][0]["gates"]
    reasons = {one["gate"]: one["reason"] for one in gates}
    assert reasons["judge"] == "The judge prefers the logged answer."
    assert reasons["repeated"].startswith("When files are written: an earlier row")


def test_both_pages_hold_subsets_arms_and_gates(report: Path) -> None:
    text, page = (
        (report / name).read_text().replace("\N{NARROW NO-BREAK SPACE}", " ") for name in ("report.md", "report.html")
    )
    for cells in (
        ("D_neg: answers with a sure complaint", "1,234", "900"),
        ("D_rand: control answers, whatever was said next", "1,000", "900"),
        ("negative-scratch", "900", "1,800", "1,548", "252"),
        ("negative-scratch", "judge", "234", "13.0 %", "The judge prefers the logged answer."),
    ):
        assert "| " + " | ".join(cells).replace("D_", "D\\_") + " |" in text
        assert any(all(f">{cell}<" in row or f">{cell} of made<" in row for cell in cells) for row in page.split("<tr>"))
    assert all("by fault: unsafe-request 5, tool-use 2." in shown for shown in (text, page))


def test_without_arms_no_word_is_said_of_built_data(tmp_path: Path) -> None:
    write_report(sources(tmp_path, invented(20)), tmp_path / "report")
    assert json.loads((tmp_path / "report" / "report.json").read_text())["built"] is None
    assert all("Built data sets" not in (tmp_path / "report" / name).read_text() for name in ("report.md", "report.html"))


def test_a_run_with_arms_reports_the_numbers_of_its_files_and_of_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "chats.jsonl"
    log.write_text("".join(_chat(i) for i in range(24)))
    run(log, tmp_path / "run", load_settings(Path("offline")), workers=1)
    built = json.loads((tmp_path / "run" / "report" / "report.json").read_text())["built"]
    building = json.loads((tmp_path / "run" / "arms" / "building.json").read_text())
    assert [(one["name"], one["found"], one["taken"]) for one in built["subsets"]] == [
        (one["subset"], one["available"], one["taken"]) for one in building["sizes"]
    ]
    assert [(one["arm"], one["samples"]) for one in built["arms"]] == [(one["arm"], one["samples"]) for one in building["arms"]]
    capsys.readouterr()
    print_arms(tmp_path / "run" / "arms")
    said = capsys.readouterr().out
    for one in built["arms"]:
        assert one["made"] == one["kept"] + one["dropped"] > 0
        fell = f", {one['dropped']} dropped (most by {one['gates'][0]['gate']})" if one["dropped"] else ""
        assert f"{one['arm']}: {one['kept']} kept{fell}\n" in said
    assert any(one["dropped"] for one in built["arms"])


def _chat(i: int) -> str:
    """A complaint that is met, or words of thanks, of which some repairs open with an apology."""
    said = "No, that is wrong, it leaves at nine." if i % 3 else "Thank you, that is exactly what I needed!"
    repair = (
        "I apologize for the mistake. It leaves at nine." if i % 2 else f"The ferry to island {i} leaves at nine from pier {i}."
    )
    turns = [
        f"When does the ferry to island {i} leave?",
        f"It leaves at {i} past ten, every day.",
        said,
        repair,
        "Thanks, great!",
    ]
    roles = ["user", "assistant", "user", "assistant", "user"]
    messages = [{"role": role, "content": text} for role, text in zip(roles, turns, strict=True)]
    return json.dumps({"messages": messages}) + "\n"
