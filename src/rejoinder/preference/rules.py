"""Rules that read what users say: complaints, repairs and praise become candidates for pairs and examples.

Each rule is a pure function of a story; docs/preference-data.md describes all of them. Gates decide later what is kept.
Rules that go by votes, thumbs and corrections are in `signals.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rejoinder.preference.candidate import Candidate
from rejoinder.preference.story import Story, Verdict

PRIORS = {
    "correction": 0.95,
    "edited-by-human": 0.95,
    "published-pair": 0.85,
    "arena-vote": 0.80,
    "thumbs": 0.80,
    "repaired-and-praised": 0.75,
    "rephrased": 0.70,
    "repaired-and-moved-on": 0.60,
    "regenerated": 0.55,
    "thumb": 0.85,
    "praised": 0.85,
    "complained": 0.85,
}
"""How often a preference is right when the labels it rests on are right: our judgement, not a measurement.

The repaired rules stand low because of arXiv 2507.23158, tables 3 and 13: given the feedback, a reward model preferred the
logged next response to the one complained about in 58 % (LMSYS) and 74 % (WildChat) of cases. People agree with each
other about arena votes in roughly four of five cases. In our one test with invented users (docs/closed-loop.md) the chosen
answer did what the user wanted in 4 of 14 repaired-and-moved-on and 8 of 9 repaired-and-praised pairs. That is too few
to set a prior by, and answers another question, since the rejected one seldom did either.
"""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How sure the labels must be before a rule goes by them."""

    pair: float
    """Least probability that a turn is a complaint."""
    good: float
    """Least probability that a turn is praise."""
    moved_on: float
    """Least probability that a turn is no complaint, where the user went on to something else."""
    bad_categories: tuple[str, ...]
    """Negative categories that make a response a bad example (KTO)."""
    no_pair_categories: tuple[str, ...]
    """Negative categories whose repair answers another question than the one first asked."""


@dataclass(frozen=True, slots=True)
class Repair:
    """A response that drew a complaint, the next response, which drew none, and how the user took that one."""

    turn: int
    complaint: Verdict
    """What the user said of the response of `turn`."""
    repaired: int
    praised: float
    """Probability that the user praised the repaired response; 1 for a thumb up, 0 where nothing says so."""
    calm: float
    """Probability that the user went on without complaint; 0 where nothing follows."""


def repaired_and_praised(story: Story, limits: Thresholds) -> Iterator[Candidate]:
    """The response to a complaint was praised: it is preferred to the one that drew the complaint.

    The chosen response was written for a context that held the complaint; here it answers the request alone. This is the
    "weak" setting m_(i+1) > m_i of arXiv 2507.23158, section 5, restricted to repairs that were praised.
    """
    for repair in _repairs(story, limits):
        if repair.praised >= limits.good and repair.complaint.feedback.category != "NEG_REPHRASE":
            yield _pair(story, repair, "repaired-and-praised", repair.praised)


def rephrased(story: Story, limits: Thresholds) -> Iterator[Candidate]:
    """The user asked the same again and praised the second answer: two adjacent exchanges form a pair.

    Source: arXiv 2407.10944, section 3 (category Repeat or Rephrase).
    """
    for repair in _repairs(story, limits):
        if repair.praised >= limits.good and repair.complaint.feedback.category == "NEG_REPHRASE":
            yield _pair(story, repair, "rephrased", repair.praised)


def repaired_and_moved_on(story: Story, limits: Thresholds) -> Iterator[Candidate]:
    """After the repaired response the user went on to something else without a complaint: a weaker sign than praise.

    Source: the same "weak" setting; arXiv 2410.13852 reads moving on as positive, arXiv 2407.10944 does not.
    """
    for repair in _repairs(story, limits):
        if repair.praised < limits.good and repair.calm >= limits.moved_on:
            yield _pair(story, repair, "repaired-and-moved-on", repair.calm)


def praised(story: Story, limits: Thresholds) -> Iterator[Candidate]:
    """Praised responses are good examples and SFT examples (arXiv 2407.10944, section 5)."""
    for turn, verdict in _verdicts(story):
        answer = story.answer(turn)
        if verdict.positive < limits.good or story.thumb(turn) is not None or answer is None:
            continue
        for kind in ("unpaired", "sft"):
            yield Candidate(
                kind=kind,
                rule="praised",
                turn=turn,
                confidence=PRIORS["praised"] * verdict.positive,
                chosen=answer,
                feedback=verdict.feedback,
            )


def complained(story: Story, limits: Thresholds) -> Iterator[Candidate]:
    """Responses that the user called wrong are bad examples: only the categories that say so, not rephrasing or questions.

    Source: arXiv 2407.10944, section 5: KTO with Make Aware with and without Correction as negatives.
    """
    for turn, verdict in _verdicts(story):
        answer = story.answer(turn)
        sure = verdict.negative >= limits.pair and verdict.feedback.category in limits.bad_categories
        if sure and story.thumb(turn) is None and answer is not None:
            yield Candidate(
                kind="unpaired",
                rule="complained",
                turn=turn,
                confidence=PRIORS["complained"] * verdict.negative,
                rejected=answer,
                feedback=verdict.feedback,
                complaint=_words(story, verdict),
            )


def _verdicts(story: Story) -> Iterator[tuple[int, Verdict]]:
    for turn in story.turns:
        if (verdict := story.verdict(turn.number)) is not None:
            yield turn.number, verdict


def _repairs(story: Story, limits: Thresholds) -> Iterator[Repair]:
    """Each response that drew no complaint, with the nearest response before it that drew one.

    In a run of complaints that is the last failed response alone. To the earlier requests the repair is no answer: it was
    written for what the user said since, and one answer that is preferred four times over counts four times.
    """
    found: dict[int, Repair] = {}
    for turn, _ in _verdicts(story):
        if repair := _repair(story, turn, limits):
            found[repair.repaired] = repair  # turns ascend: the nearest one stays
    yield from found.values()


def _repair(story: Story, turn: int, limits: Thresholds) -> Repair | None:
    """The complaint about the response of `turn` and the response to that complaint, where that one drew none itself."""
    complaint = _complaint(story, turn, limits)
    if complaint is None or complaint.feedback.category in limits.no_pair_categories or not story.answer(turn):
        return None
    repaired = story.next_answered(complaint.feedback.turn)
    if repaired is None or _complaint(story, repaired, limits) or story.thumb(repaired) == -1.0:
        return None
    after = story.verdict(repaired)
    praised = 1.0 if story.thumb(repaired) == 1.0 else after.positive if after else 0.0
    calm = 1.0 - after.negative if after else 0.0
    return Repair(turn, complaint, repaired, praised, calm)


def _complaint(story: Story, turn: int, limits: Thresholds) -> Verdict | None:
    """The complaint about the response of `turn`; none where a thumb up says the opposite."""
    verdict = story.verdict(turn)
    if verdict is None or verdict.negative < limits.pair or story.thumb(turn) == 1.0:
        return None
    return verdict


def _pair(story: Story, repair: Repair, rule: str, accepted: float) -> Candidate:
    return Candidate(
        kind="pair",
        rule=rule,
        turn=repair.turn,
        confidence=PRIORS[rule] * accepted * repair.complaint.negative,
        chosen=story.answer(repair.repaired),
        rejected=story.answer(repair.turn),
        feedback=repair.complaint.feedback,
        complaint=_words(story, repair.complaint),
    )


def _words(story: Story, verdict: Verdict) -> str:
    return story.turns[verdict.feedback.turn - 1].request
