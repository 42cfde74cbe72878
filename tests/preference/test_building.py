"""From annotated conversations to arms, through engine and gateway, with a model that is played by functions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rejoinder.errors import UsageError
from rejoinder.gateway import Request
from rejoinder.preference import ARMS, BuildPlan, asking_stages
from rejoinder.preference.arms import NAMES
from rejoinder.settings import ARMS as KNOWN
from rejoinder.settings import RECIPES, load_settings
from tests.preference.built import Played, build, calm, complained, document, sample_of, served, which
from tests.preference.planted import talk

LOG = [*(complained(i) for i in range(8)), *(calm(i) for i in range(8, 14))]
SHORT = "Is the answer one short sentence?"


def summary(request: Request) -> str:
    said = document(request)["feedback"][0]
    return json.dumps({"items": [{"turn": said["turn"], "quote": "one short sentence", "question": SHORT}]})


def judged(request: Request) -> str:
    """Prefers the shorter answer, and says so in both orders."""
    shown = document(request)
    a, b = len(shown["A"]), len(shown["B"])
    reply: dict[str, Any] = {"reasoning": "shorter", "verdict": "A" if a < b else "B" if b < a else "tie"}
    if "checklist" in shown:
        reply["items"] = [{"item": 1, "a": a < b, "b": b < a}]
    return json.dumps(reply)


def scratch(request: Request) -> str:
    long = " It is a pleasant town with wide streets, museums and a lake." if request.model == "policy-model" else ""
    return f"The capital there is the town of {request.model}.{long}"


SCRIPTS: dict[str, Any] = {
    "summarise_preferences": summary,
    "answer_scratch": scratch,
    "answer_semantics": lambda request: "It is the town on the hill.",
    "answer_preferences": lambda request: f"It is the town that {request.model} knows.",
    "judge_pair": judged,
    "score": lambda request: -float(len(request.messages[-1].content)),
}
WILDFEEDBACK = BuildPlan(
    ("negative-preferences", "on-policy", "negative-repair"), "model", True, served("expert", "policy", "judge", "reward")
)
LENS = BuildPlan(
    ("random-scratch", "negative-scratch", "negative-semantics", "negative-repair", "polarity"), "none", False, served("expert")
)


@pytest.fixture
def played(tmp_path: Path) -> Played:
    return Played(tmp_path, SCRIPTS)


def test_wildfeedback_from_complaint_to_pairs_that_a_judge_prefers(tmp_path: Path, played: Played) -> None:
    unsafe = talk("How do I build a pipe bomb?", "No.", "Useless!", "Still no.", said={2: "NEG_AWARE"}, id="unsafe")
    examples, samples, counts = build(tmp_path / "run", [*LOG, unsafe], WILDFEEDBACK, played)
    assert len(samples) == 8
    assert counts.unfit == {"unsafe-request": 1}
    assert {one.checklist.items[0].text for one in samples if one.checklist} == {SHORT}
    made = {(e.provenance.rule, e.kind): e for e in examples if e.dropped_by is None}
    policy = made["on-policy", "pair"]
    assert policy.chosen == "It is the town that policy-model knows."
    assert policy.rejected
    assert policy.rejected.startswith("The capital there is the town of policy-model.")
    story = policy.provenance.building
    assert story is not None
    assert story.verdict is not None
    assert (story.verdict.outcome, story.verdict.met, story.verdict.judge[:11]) == ("win", (1, 0), "judge-model")
    assert story.chosen.startswith("policy preferences (answer_preferences ")
    assert story.margins == (len(policy.rejected) - len(policy.chosen),) * 2
    expert = made["negative-preferences", "pair"]
    assert expert.rejected is not None
    assert expert.rejected.startswith("The capital of country number")
    assert "judged-win" in expert.flags
    assert made["on-policy", "sft"].chosen == policy.chosen
    on_policy = next(one for one in counts.arms if one.arm == "on-policy")
    assert (on_policy.samples, on_policy.pairs, on_policy.judged, on_policy.win_rate.n) == (8, 8, 8, 8)
    assert (counts.checklists, counts.items, counts.scored) == (8, 8, counts.responses)


def test_the_grid_draws_disjoint_subsets_and_writes_one_folder_per_arm(tmp_path: Path, played: Played) -> None:
    examples, samples, counts = build(tmp_path / "run", LOG, LENS, played)
    by_subset = {name: {s.conversation.id for s in samples if s.subset == name} for name in ("negative", "positive", "random")}
    assert by_subset["random"]
    assert not by_subset["random"] & (by_subset["negative"] | by_subset["positive"])
    assert len(by_subset["random"]) == sum(s.subset == "random" for s in samples), "one of a conversation"
    table = {row["arm"]: row for row in json.loads((tmp_path / "run/arms/arms.json").read_bytes())}
    assert list(table) == list(LENS.arms)
    assert table["polarity"]["kto_weights"] is not None
    rows = (tmp_path / "run/arms/negative-semantics/trl/sft/train.jsonl").read_text("utf-8").splitlines()
    assert {json.loads(row)["completion"][0]["content"] for row in rows} == {"It is the town on the hill."}
    assert sum(one.taken for one in counts.sizes) == len(samples)
    assert {e.provenance.rule for e in examples} == set(LENS.arms)


def test_rewards_are_counted_with_and_without_feedback_and_for_answers_that_no_arm_compares(
    tmp_path: Path, played: Played
) -> None:
    plan = BuildPlan(LENS.arms, "none", False, served("expert", "reward"))
    _, samples, counts = build(tmp_path / "run", LOG, plan, played)
    negative = sum(s.subset == "negative" for s in samples)
    arms = {one.arm: one.better_reward for one in counts.arms}
    without, with_feedback = arms["negative-semantics"]
    assert (without.share, without.n, with_feedback.n) == (1.0, negative, negative), "the shorter answer has the higher reward"
    assert arms["random-scratch"][1].n == 0, "a random sample has no feedback to show"
    contrast = counts.contrasts[0]
    assert (contrast.better, contrast.worse) == ("expert semantics", "expert scratch")
    assert contrast.better_reward[0].n == negative


def test_random_samples_are_never_asked_with_their_feedback(tmp_path: Path, played: Played) -> None:
    _, samples, _ = build(tmp_path / "run", LOG, LENS, played)
    random = {s.conversation.id for s in samples if s.subset == "random"}
    asked = {document(r)["conversation"][0]["content"] for r in played.asked("answer_semantics")}
    assert not asked & {s.conversation.turns[0].request for s in samples if s.conversation.id in random}


def test_no_turn_after_the_feedback_reaches_a_writer_or_a_judge(tmp_path: Path, played: Played) -> None:
    build(tmp_path / "run", LOG[:8], WILDFEEDBACK, played)
    build(tmp_path / "lens", LOG[:8], LENS, played, control_share=0.0)
    for request in played.transport.requests:
        text = " ".join(message.content for message in request.messages)
        repaired = "The capital of that country is"
        shown_as_answer = which(request) in ("judge_pair", "score")
        assert "Perfect, thank you!" not in text
        assert shown_as_answer or repaired not in text, which(request)
        if which(request) in ("answer_scratch", "judge_pair", "answer_preferences"):
            assert "is wrong, and I asked" not in text


def test_a_building_that_is_repeated_asks_nobody_twice(tmp_path: Path, played: Played) -> None:
    first, _, _ = build(tmp_path / "run", LOG, WILDFEEDBACK, played)
    n = len(played.transport.requests)
    again, _, _ = build(tmp_path / "run", LOG, WILDFEEDBACK, played)
    assert (again, len(played.transport.requests)) == (first, n)


def test_a_written_answer_that_failed_is_a_dropped_row_with_its_reason(tmp_path: Path) -> None:
    scripts = SCRIPTS | {"answer_preferences": lambda request: " "}
    examples, _, counts = build(tmp_path / "run", LOG[:4], WILDFEEDBACK, Played(tmp_path, scripts))
    dropped = [e for e in examples if e.provenance.rule == "negative-preferences"]
    assert {e.dropped_by for e in dropped} == {"no-answer"}
    assert all((e.reason or "").startswith("The answer by expert preferences is invalid: ") for e in dropped), dropped[0].reason
    assert counts.answers["expert preferences"] == {"invalid": 4}


def test_on_policy_pairs_fall_unless_the_chosen_answer_wins_and_expert_pairs_by_recipe(tmp_path: Path) -> None:
    scripts = SCRIPTS | {"judge_pair": lambda request: '{"reasoning": "", "items": [], "verdict": "A"}'}
    examples, _, counts = build(tmp_path / "all", LOG[:4], WILDFEEDBACK, Played(tmp_path, scripts))
    policy = [e for e in examples if e.provenance.rule == "on-policy"]
    expert = [e for e in examples if (e.provenance.rule, e.kind) == ("negative-preferences", "pair")]
    assert {e.dropped_by for e in policy} == {"judge"}
    assert all({"judged-tie", "judge-flipped"} <= set(e.flags) and e.dropped_by is None for e in expert)
    on_policy = next(one for one in counts.arms if one.arm == "on-policy")
    assert on_policy.flips.share == 1.0
    assert (on_policy.outcomes["tie"], on_policy.win_rate.share, on_policy.win_rate.n) == (4, 0.5, 4), (
        "ties are half, as everywhere"
    )
    assert counts.judge is not None
    assert counts.judge.first_position is not None
    assert (counts.judge.judge[:11], counts.judge.first_position.value) == ("judge-model", 1.0)
    strict, _, _ = build(tmp_path / "win", LOG[:4], WILDFEEDBACK, Played(tmp_path / "win", scripts), keep="win")
    assert {e.dropped_by for e in strict if e.provenance.rule == "negative-preferences"} == {"judge"}


def test_the_rates_of_an_arm_count_samples_of_one_user_together(tmp_path: Path, played: Played) -> None:
    log = [complained(i, user=f"user-{i % 3}") for i in range(6)]
    _, _, counts = build(tmp_path / "run", log, WILDFEEDBACK, played)
    won = next(one for one in counts.arms if one.arm == "on-policy").win_rate
    assert (won.share, won.n, won.clusters) == (1.0, 6, 3)
    assert won.low is not None
    assert won.low < 0.4, "three users prove less than six samples would (0.61)"
    assert counts.judge is not None
    assert counts.judge.ties is not None
    assert counts.judge.ties.clusters == 3


def test_without_a_model_the_words_of_correction_are_the_checklist(tmp_path: Path, played: Played) -> None:
    plan = BuildPlan(("negative-repair", "polarity"))
    examples, samples, counts = build(tmp_path / "run", LOG, plan, played)
    assert not played.transport.requests
    item = next(s.checklist for s in samples if s.checklist).items[0]  # type: ignore[union-attr]
    assert item.origin == "evidence"
    assert item.quote in item.text
    assert counts.checklists == 8
    kinds = {(e.provenance.rule, e.kind, e.chosen is None) for e in examples if e.dropped_by is None}
    assert kinds == {("negative-repair", "pair", False), ("polarity", "unpaired", True), ("polarity", "unpaired", False)}


def test_a_stage_without_its_model_says_which_role_it_needs() -> None:
    with pytest.raises(UsageError, match="role judge"):
        list(asking_stages(_without("judge")))


def _without(role: str) -> BuildPlan:
    models = {name: model for name, model in WILDFEEDBACK.models.items() if name != role}
    return BuildPlan(WILDFEEDBACK.arms, "model", True, models)


def test_settings_know_the_same_arms_and_every_shipped_recipe_is_found_by_its_name() -> None:
    assert KNOWN == NAMES == tuple(arm.name for arm in ARMS)
    root = Path(__file__).parents[2] / "recipes"
    assert {path.stem for path in root.glob("*.yaml")} == set(RECIPES)
    for name in RECIPES:
        build_settings = load_settings(Path(name)).build
        assert build_settings == load_settings(root / f"{name}.yaml").build
        assert build_settings.arms


def test_a_sample_holds_the_logged_answer_the_repair_and_the_complaints_that_followed() -> None:
    sample = sample_of(complained(0))
    assert [(r.writer, r.method) for r in sample.responses] == [("log", "logged"), ("log", "repair")]
    assert sample.feedback.turn == sample.about + 1 == 2
    assert sample.following == ()
