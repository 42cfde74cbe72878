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
    most_complaints: int
    """Longest run of complaints that is still read as one request."""


@dataclass(frozen=True, slots=True)
class Repair:
    """A response that drew a complaint, the later response that ended the complaints, and how the user took that one."""

    turn: int
    complaints: tuple[Verdict, ...]
    """In order; the first one is about the response of `turn`."""
    repaired: int
    praised: float
    """Probability that the user praised the repaired response; 1 for a thumb up, 0 where nothing says so."""
    calm: float
    """Probability that the user went on without complaint; 0 where nothing follows."""


def repaired_and_praised(story: Story, limits: Thresholds) -> Iterator[Candidate]:
    """The response that ended the complaints was praised: it is preferred to those that drew them.

    The chosen response was written for a context that held the complaint; here it answers the request alone. This is the
    "weak" setting m_(i+1) > m_i of arXiv 2507.23158, section 5, restricted to repairs that were praised.
    """
    for repair in _repairs(story, limits):
        if repair.praised >= limits.good and repair.complaints[0].feedback.category != "NEG_REPHRASE":
            yield _pair(story, repair, "repaired-and-praised", repair.praised)


def rephrased(story: Story, limits: Thresholds) -> Iterator[Candidate]:
    """The user asked the same again and praised the second answer: two adjacent exchanges form a pair.

    Source: arXiv 2407.10944, section 3 (category Repeat or Rephrase).
    """
    for repair in _repairs(story, limits):
        if repair.praised >= limits.good and repair.complaints[0].feedback.category == "NEG_REPHRASE":
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
    """Every response that drew a complaint with the response that ended the run of complaints, where one did."""
    for turn, verdict in _verdicts(story):
        category = verdict.feedback.category
        if story.answer(turn) and _complaint(story, turn, limits) and category not in limits.no_pair_categories:
            repair = _repair(story, turn, limits)
            if repair is not None:
                yield repair


def _repair(story: Story, turn: int, limits: Thresholds) -> Repair | None:
    """Follow the complaints from the response of `turn` to the first response that drew none."""
    complaints: list[Verdict] = []
    current: int | None = turn
    while current is not None and (verdict := _complaint(story, current, limits)) is not None:
        complaints.append(verdict)
        if len(complaints) > limits.most_complaints:
            return None
        current = story.next_answered(verdict.feedback.turn)
    if current is None or story.thumb(current) == -1.0:
        return None
    after = story.verdict(current)
    praised = 1.0 if story.thumb(current) == 1.0 else after.positive if after else 0.0
    calm = 1.0 - after.negative if after else 0.0
    return Repair(turn, tuple(complaints), current, praised, calm)


def _complaint(story: Story, turn: int, limits: Thresholds) -> Verdict | None:
    """The complaint about the response of `turn`; none where a thumb up says the opposite."""
    verdict = story.verdict(turn)
    if verdict is None or verdict.negative < limits.pair or story.thumb(turn) == 1.0:
        return None
    return verdict


def _pair(story: Story, repair: Repair, rule: str, accepted: float) -> Candidate:
    confidence = PRIORS[rule] * accepted
    for complaint in repair.complaints:
        confidence *= complaint.negative
    return Candidate(
        kind="pair",
        rule=rule,
        turn=repair.turn,
        confidence=confidence,
        chosen=story.answer(repair.repaired),
        rejected=story.answer(repair.turn),
        feedback=repair.complaints[0].feedback,
        complaint="\n\n".join(_words(story, one) for one in repair.complaints),
    )


def _words(story: Story, verdict: Verdict) -> str:
    return story.turns[verdict.feedback.turn - 1].request
