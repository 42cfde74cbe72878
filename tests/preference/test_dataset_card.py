"""The dataset card: every count of the run, where the rows come from, and what speaks against them."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from rejoinder import pipeline
from rejoinder.errors import UsageError
from rejoinder.preference import CardFacts, export_examples
from rejoinder.preference.audit_tables import AuditTable
from tests.logs import write_log
from tests.preference.built import Played, build
from tests.preference.planted import REPAIRED, mined, talk
from tests.preference.test_building import LOG, SCRIPTS, WILDFEEDBACK


def card(folder: Path) -> str:
    return (folder / "hub/README.md").read_text("utf-8")


def test_a_runs_card_says_what_was_read_dropped_and_audited(tmp_path: Path) -> None:
    text = card(pipeline.run(write_log(tmp_path / "log.jsonl"), tmp_path / "run", workers=1).preference)
    assert "Conversations: 7 read, 4 kept, 1 duplicate, 2 quarantined." in text
    counts = text.split("`reward` holds")[0]
    kept = sum(int(n) for n in re.findall(r"^\| (?:dpo|kto|sft) \| \w+ \| (\d+) \|$", counts, re.MULTILINE))
    assert f"Examples by source: openai-messages {kept}. By language: " in text, "a conversation gives several"
    assert "Labelled by: `embedded-classifier" in text
    assert "### Quality of the requests, by feedback" in text
    assert "`openai-messages`: not known here" in text


def test_a_built_sets_card_names_prompts_judge_and_recipe(tmp_path: Path) -> None:
    examples, _, _ = build(tmp_path / "run", LOG[:6], WILDFEEDBACK, Played(tmp_path, SCRIPTS))
    examples = [_with_recipe(one) for one in examples]
    export_examples(examples, tmp_path / "out", ("hub",))
    text = card(tmp_path / "out")
    assert "expert preferences answer_preferences " in text
    assert "judge judge-model judge_pair " in text
    assert "Recipes: settings-abc" in text


def _with_recipe(one: msgspec.Struct) -> msgspec.Struct:
    provenance = one.provenance  # type: ignore[attr-defined]
    made = msgspec.structs.replace(provenance.building, recipe="settings-abc")
    return msgspec.structs.replace(one, provenance=msgspec.structs.replace(provenance, building=made))


def test_words_of_the_log_cannot_break_the_cards_tables(tmp_path: Path) -> None:
    table = AuditTable("Leak", "Note.", ("a", "b"), (("x | y", "<script>"),))
    export_examples(mined(talk(*REPAIRED, said={3: "POS"})), tmp_path / "out", ("hub",), card=CardFacts({}, (table,)))
    assert "| x \\| y | &lt;script> |" in card(tmp_path / "out")


def test_licences_follow_the_sources_and_what_may_not_be_passed_on_is_refused_unless_forced(tmp_path: Path) -> None:
    wildchat = mined(talk(*REPAIRED, said={3: "POS"}, source="wildchat"))
    export_examples(wildchat, tmp_path / "wildchat", ("hub",))
    assert "`wildchat`: ODC-BY" in card(tmp_path / "wildchat")
    lmsys = mined(talk(*REPAIRED, said={3: "POS"}, source="lmsys"))
    with pytest.raises(UsageError, match="LMSYS"):
        export_examples(lmsys, tmp_path / "lmsys", ("hub",))
    assert not (tmp_path / "lmsys").exists()
    export_examples(lmsys, tmp_path / "lmsys", ("hub",), allow_restricted=True)
    assert "no redistribution" in card(tmp_path / "lmsys")
