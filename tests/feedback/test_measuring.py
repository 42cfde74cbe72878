"""Any detector on labelled conversations: the same card, every turn accounted for, and the batch that is answered by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rejoinder.cli import app
from rejoinder.errors import UsageError, WaitingError
from rejoinder.feedback import LabelledConversation, read_gold
from rejoinder.feedback.detectors import DETECTORS, PROMPTS, Detector
from rejoinder.feedback.evaluate import evaluate
from rejoinder.feedback.measuring import Labels, agreements, labels_of, measure
from rejoinder.feedback.measuring_text import render_all
from rejoinder.gateway.request import Request
from tests.feedback.answering import by, door, entry_of, of_words, shown

SHARED = Path(__file__).parents[3] / "shared/data/gold/dev.jsonl"
ASKING = tuple(name for name in DETECTORS if name != "embedded")
RUNNER = CliRunner()
SAID = [
    ("NEG_CORRECTION", "No, it must be under ten words."),
    ("POS", "Thanks, that works!"),
    ("NEU", "And what about Norway?"),
    ("NEG_AWARE", "That is wrong."),
    ("NEG_CLARIFY", "Are you sure?"),
    ("NEG_REPHRASE", "Once more: which lakes are deep?"),
]


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    """Twelve invented conversations; in each the label of a turn follows from its words alone."""
    rows = []
    for n in range(12):
        messages, feedback = [{"role": "user", "content": f"Question {n}"}], []
        for turn, (label, words) in enumerate([SAID[(n + step) % 6] for step in range(3)], start=2):
            messages += [{"role": "assistant", "content": f"Answer {n}.{turn}"}, {"role": "user", "content": f"{words} ({n})"}]
            feedback.append({"turn": turn, "label": label, "evidence": "" if label == "NEU" else words})
        rows.append({"conversation_id": str(n), "source": "invented", "lang": "en", "messages": messages, "feedback": feedback})
    file = tmp_path / "gold.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)) + "\n")
    return file


def of_gold(labelled: Sequence[LabelledConversation]) -> Callable[[Request], str]:
    """A model that gives the gold label of every turn, whatever the prompt; it knows a conversation by its texts."""
    known = {}
    for one in labelled:
        labels = {label.turn: label for label in one.labels}
        for turn in one.conversation.turns:
            known[one.conversation.turns[0].request[:60], turn.number, turn.request[:60]] = labels.get(turn.number)

    def label(first: str, turn: dict[str, Any]) -> Any:
        return known[first[:60], turn["turn"], turn["user"][:60]]

    def answer(request: Request) -> str:
        document = shown(request)
        turns = document["conversation"]
        found = {turn["turn"]: label(turns[0]["user"], turn) for turn in turns}
        entries = [
            entry_of(request, number, found[number].label, evidence=found[number].evidence) for number in document["label"]
        ]
        return json.dumps({"turns": entries})

    return answer


def run(detectors: Sequence[Detector], labelled: Sequence[LabelledConversation], gateway: Any) -> list[Labels]:
    async def work() -> list[Labels]:
        async with gateway:
            return await labels_of(detectors, labelled, gateway)

    return asyncio.run(work())


def perfect(measured: Any) -> None:
    card = measured.scorecard
    assert card is not None
    assert card.unscored == {}
    for view in card.views.values():
        assert (view.accuracy, view.macro_f1, view.kappa) == (1.0, 1.0, 1.0)


def test_the_embedded_detector_has_the_card_that_it_has_elsewhere(gold: Path) -> None:
    labelled = read_gold(gold)
    (found,) = asyncio.run(labels_of([Detector("embedded")], labelled, None))
    measured = measure(found, labelled)
    assert measured.asking is None
    assert measured.scorecard is not None
    assert measured.scorecard.views == evaluate(labelled).views
    assert measured.scorecard.calibration == evaluate(labelled).calibration


def test_a_detector_that_says_the_gold_labels_scores_full_marks_on_every_view(gold: Path, tmp_path: Path) -> None:
    labelled = read_gold(gold)
    gateway, model = door(tmp_path, of_gold(labelled))
    (found,) = run([Detector("asked", "m")], labelled, gateway)
    measured = measure(found, labelled)
    perfect(measured)
    assert measured.asking is not None
    assert (measured.asking.requests, measured.asking.turns, measured.asking.notes) == (12, 36, {})
    assert measured.asking.states == {"ok": 12}
    assert measured.asking.input_tokens == sum(len(m.content.split()) for r in model.requests for m in r.messages)
    assert found.detector.labeller.startswith("m, prompt detect_feedback ")


def test_unreadable_turns_are_counted_with_their_reason_and_are_in_no_score(gold: Path, tmp_path: Path) -> None:
    labelled = read_gold(gold)

    def script(request: Request) -> str:
        first = shown(request)["conversation"][0]["user"]
        if first == "Question 3":
            return "no JSON at all"
        right = json.loads(of_gold(labelled)(request))
        if first == "Question 4":
            right["turns"][0]["category"] = "LOVELY"
            right["turns"].append(right["turns"][1])
        return json.dumps(right)

    (found,) = run([Detector("asked", "m")], labelled, door(tmp_path, script)[0])
    measured = measure(found, labelled)
    assert measured.unscored == {"answered-twice": 1, "label-off-menu": 1, "model-invalid": 3}
    assert measured.scorecard is not None
    assert measured.scorecard.n == 31
    assert measured.scorecard.views["six"].accuracy == 1.0
    assert measured.asking is not None
    assert measured.asking.notes == {"answered-twice": 1, "label-off-menu": 1}
    assert measured.asking.states == {"invalid": 1, "ok": 11}


def test_a_model_of_which_nothing_can_be_read_has_no_card_and_says_why(gold: Path, tmp_path: Path) -> None:
    labelled = read_gold(gold)
    (found,) = run([Detector("asked", "m")], labelled, door(tmp_path, lambda _: "hm")[0])
    measured = measure(found, labelled)
    assert (measured.scorecard, measured.unscored) == (None, {"model-invalid": 36})
    assert "model-invalid 36" in render_all([measured], [])


def answer_any(request: Request) -> str:
    """A model that answers each of our prompts by the words of the turn."""
    document = shown(request)
    level = {"POS": 5, "NEU": 3, "NEG_AWARE": 1}
    if request.prompt.startswith("detect_feedback"):
        return by(of_words)(request)
    if request.prompt.startswith("per_turn"):
        return json.dumps({"evidence": "", "category": of_words({"user": document["message"]})})
    turns = document["conversation"][1:]
    if request.prompt.startswith("satisfaction_levels"):
        return json.dumps({"turns": [{"turn": turn["turn"], "level": level[of_words(turn)]} for turn in turns]})
    found = [{"text": turn["user"], "pattern": of_words(turn)} for turn in turns if of_words(turn) != "NEU"]
    return json.dumps({"found": found})


def test_every_detector_is_measured_on_the_same_turns_and_all_agree_who_say_the_same(gold: Path, tmp_path: Path) -> None:
    labelled = read_gold(gold)
    found = run([Detector(name, "m", threshold=1.1) for name in ASKING], labelled, door(tmp_path, answer_any)[0])
    cards = {one.detector.name: measure(one, labelled).scorecard for one in found}
    assert {card.n for card in cards.values() if card} == {36}
    assert {card.views["three"].accuracy for card in cards.values() if card} == {0.5}, "three of the six kinds of words"
    levels = cards["levels"]
    assert levels is not None
    assert list(levels.views) == ["binary", "three"], "levels and categories are compared by polarity alone"
    assert levels.by_source["invented"].six_macro_f1 is None
    agreed = agreements(found)
    assert {(one.kappa, one.same, one.n, one.left_out) for one in agreed} == {(1.0, 1.0, 36, 0)}
    assert {one.view for one in agreed if "levels" in {one.first, one.second}} == {"three"}
    by_turn = next(one for one in found if one.detector.name == "per-turn")
    assert len(by_turn.answers) == 36


def test_agreement_is_cohens_kappa_with_an_interval_that_holds_it(gold: Path, tmp_path: Path) -> None:
    labelled = read_gold(gold)
    embedded, asked = run([Detector("embedded"), Detector("asked", "m")], labelled, door(tmp_path, of_gold(labelled))[0])
    card = measure(embedded, labelled).scorecard
    assert card is not None
    three, six = agreements([embedded, asked])
    assert (three.view, six.view) == ("three", "categories")
    assert three.kappa == pytest.approx(card.views["three"].kappa), "who agrees with a perfect detector agrees with gold"
    assert six.kappa == pytest.approx(card.views["six"].kappa)
    assert three.interval is not None
    assert three.interval[0] <= (three.kappa or 0) <= three.interval[1]


def test_the_cascade_asks_about_unsure_turns_only(gold: Path, tmp_path: Path) -> None:
    labelled = read_gold(gold)
    gateway, model = door(tmp_path, of_gold(labelled))
    run([Detector("cascade", "m", threshold=0.8)], labelled, gateway)
    wanted = sum(len(shown(request)["label"]) for request in model.requests)
    unsure = sum(
        f.probability < 0.8
        for outcome in asyncio.run(labels_of([Detector("embedded")], labelled, None))[0].outcomes
        for f in outcome.feedback  # type: ignore[union-attr]
    )
    assert 0 < wanted == unsure < 36


def test_requests_of_all_detectors_are_put_before_any_waits(gold: Path, tmp_path: Path) -> None:
    gateway, model = door(tmp_path, lambda _: WaitingError("later"))
    with pytest.raises(WaitingError, match="per-turn: 12 of 12"):
        run([Detector("asked", "m"), Detector("per-turn", "m")], read_gold(gold), gateway)
    assert len(model.requests) == 12 + 36


def test_a_detector_without_a_name_or_a_model_is_refused() -> None:
    with pytest.raises(UsageError, match="there are embedded"):
        Detector("oracle")
    for name in ASKING:
        with pytest.raises(UsageError, match="--model"):
            Detector(name)
    assert set(PROMPTS) < set(DETECTORS)


# -- a batch answered by hand ----------------------------------------------------------------------------------


def by_hand(file: Path, folder: Path) -> dict[str, Any]:
    """Write the requests of a labelled file, answer each from its gold label, read the answers back, and score."""
    requests, results = folder / "requests.jsonl", folder / "results.jsonl"
    call = ["evaluate", "detector", str(file), "--model", "m", "--journal", str(folder / "journal.sqlite"), "--json"]
    first = RUNNER.invoke(app, [*call, "--batch-file", str(requests)])
    assert isinstance(first.exception, WaitingError), first.output
    assert "--batch-results" in str(first.exception)
    answer = of_gold(read_gold(file))
    lines = []
    for row in map(json.loads, requests.read_text("utf-8").splitlines()):
        body = row["body"]
        schema = body["response_format"]["json_schema"]["schema"]
        messages = tuple(_Said(message["content"]) for message in body["messages"])
        said = answer(_Asked(messages, schema))  # type: ignore[arg-type]  # what `of_gold` looks at
        reply = {"choices": [{"message": {"role": "assistant", "content": said}, "finish_reason": "stop"}], "model": "m"}
        lines.append({"custom_id": row["custom_id"], "response": {"status_code": 200, "body": reply}})
    results.write_text("\n".join(map(json.dumps, reversed(lines))), "utf-8")
    second = RUNNER.invoke(app, [*call, "--batch-results", str(results)])
    assert second.exit_code == 0, second.output
    assert not (folder / "results.jsonl.missing.jsonl").exists()
    found: dict[str, Any] = json.loads(second.stdout)
    return found


class _Said:
    def __init__(self, content: str) -> None:
        self.content = content


class _Asked:
    def __init__(self, messages: tuple[_Said, ...], schema: dict[str, Any]) -> None:
        self.messages, self.schema = messages, schema


def check_by_hand(file: Path, folder: Path) -> dict[str, Any]:
    (measured,) = by_hand(file, folder)["detectors"]
    for view in measured["scorecard"]["views"].values():
        assert (view["accuracy"], view["macro_f1"], view["kappa"]) == (1.0, 1.0, 1.0)
    assert measured["unscored"] == {}
    assert measured["asking"]["notes"] == {}
    found: dict[str, Any] = measured
    return found


def test_a_batch_answered_with_the_gold_labels_scores_full_marks(gold: Path, tmp_path: Path) -> None:
    measured = check_by_hand(gold, tmp_path)
    assert measured["scorecard"]["n"] == 36
    assert measured["asking"]["requests"] == measured["asking"]["reused"] == 12


@pytest.mark.skipif(not SHARED.exists(), reason="the shared labelled conversations are not on this machine")
def test_the_shared_labelled_conversations_score_full_marks_by_hand_too(tmp_path: Path) -> None:
    measured = check_by_hand(SHARED, tmp_path)
    assert measured["scorecard"]["n"] == 235


def test_what_a_batch_lacks_is_written_out_again(gold: Path, tmp_path: Path) -> None:
    requests, results = tmp_path / "requests.jsonl", tmp_path / "results.jsonl"
    call = ["evaluate", "detector", str(gold), "--model", "m", "--journal", str(tmp_path / "journal.sqlite")]
    RUNNER.invoke(app, [*call, "--batch-file", str(requests)])
    first = json.loads(requests.read_text().splitlines()[0])
    reply = {"choices": [{"message": {"role": "assistant", "content": '{"turns": []}'}, "finish_reason": "stop"}]}
    results.write_text(json.dumps({"custom_id": first["custom_id"], "response": {"status_code": 200, "body": reply}}))
    again = RUNNER.invoke(app, [*call, "--batch-results", str(results)])
    assert isinstance(again.exception, WaitingError)
    assert "11 of 12" in str(again.exception)
    assert len((tmp_path / "results.jsonl.missing.jsonl").read_text().splitlines()) == 11


def test_the_command_measures_without_a_model_and_prints_every_part(gold: Path) -> None:
    done = RUNNER.invoke(app, ["evaluate", "detector", str(gold), "--limit", "10"])
    assert done.exit_code == 0
    for words in ("== embedded ==", "30 labelled turns", "macro-F1", "Calibration"):
        assert words in done.stdout
