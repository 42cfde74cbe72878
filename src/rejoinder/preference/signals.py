"""Rules that go by what a log says explicitly: votes, published pairs, corrections, thumbs and regenerated answers.

Each rule is a pure function of a story; docs/preference-data.md describes all of them. Rules that read words are in `rules.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rejoinder.preference.candidate import Answer, Candidate
from rejoinder.preference.rules import PRIORS, Thresholds
from rejoinder.preference.story import Story
from rejoinder.records import Alternative, Message, Signal, Turn

_PUBLISHED = frozenset({"chosen", "rejected", "preferred_output", "non_preferred_output"})
"""Last word of a vote's origin where the file itself is a preference set."""


def corrected(story: Story, limits: Thresholds) -> Iterator[Candidate]:
    """A person wrote the better answer: it is chosen over the logged one, and an SFT example (Langfuse `CORRECTION`)."""
    for turn in story.turns:
        for signal in turn.signals:
            if signal.kind == "correction" and signal.text:
                edited = "edit" in f"{signal.origin} {signal.name or ''}".lower()
                rule = "edited-by-human" if edited else "correction"
                yield from _better(rule, turn.number, Answer(signal.text, turn.number), story.answer(turn.number))


def voted(story: Story, limits: Thresholds) -> Iterator[Candidate]:
    """Arena votes and published pairs: every sibling that won is chosen over every sibling that lost.

    Siblings without a vote lost where the shown answer won; where it lost and has one sibling, that one won.
    """
    for turn, message in _single_answers(story):
        values = _votes(message)
        if not values:
            continue
        siblings = _siblings(story, turn, message)
        won = [answer for answer, value in zip(siblings, values, strict=True) if value > 0]
        lost = [answer for answer, value in zip(siblings, values, strict=True) if value < 0]
        rule = "published-pair" if _published(message) else "arena-vote"
        for better in won:
            yield Candidate(kind="sft", rule=rule, turn=turn.number, confidence=PRIORS[rule], chosen=better)
            for worse in lost:
                yield _explicit(rule, turn.number, better, worse)


def thumbs(story: Story, limits: Thresholds) -> Iterator[Candidate]:
    """Two siblings, one with its thumb up and one with its thumb down."""
    for turn, message in _single_answers(story):
        signs = [_sign(message.signals, "thumb"), *(_sign(one.signals, "thumb") for one in message.alternatives)]
        if 1.0 not in signs or -1.0 not in signs:
            continue
        judged = list(zip(_siblings(story, turn, message), signs, strict=True))
        for better in (answer for answer, sign in judged if sign == 1.0):
            for worse in (answer for answer, sign in judged if sign == -1.0):
                yield _explicit("thumbs", turn.number, better, worse)


def regenerated(story: Story, limits: Thresholds) -> Iterator[Candidate]:
    """The user had the answer written again and kept the new one: a weak sign for it, none where a complaint follows.

    Siblings with votes or thumbs are left to the rules that read these.
    """
    for turn, message in _single_answers(story):
        after = story.verdict(turn.number)
        explicit = any(s.kind in ("vote", "thumb") for s in message.signals)
        if explicit or (after is not None and after.negative >= limits.pair):
            continue
        kept, *others = _siblings(story, turn, message)
        flags = () if turn.number < len(story.turns) else ("last-turn",)
        for other, sibling in zip(others, message.alternatives, strict=True):
            if not any(s.kind in ("vote", "thumb") for s in sibling.signals):
                yield _explicit("regenerated", turn.number, kept, other, flags)


def thumbed(story: Story, limits: Thresholds) -> Iterator[Candidate]:
    """A thumb makes a good (and SFT) or a bad example; where the user's words say the opposite, that is flagged."""
    for turn in story.turns:
        sign, answer = story.thumb(turn.number), story.answer(turn.number)
        if sign is None or answer is None:
            continue
        said = story.verdict(turn.number)
        against = said is not None and (said.negative >= limits.pair if sign > 0 else said.positive >= limits.good)
        flags = ("text-disagrees",) if against else ()
        place = {"rule": "thumb", "turn": turn.number, "confidence": PRIORS["thumb"], "flags": flags}
        if sign > 0:
            yield Candidate(kind="unpaired", chosen=answer, **place)  # type: ignore[arg-type]  # typed by the dataclass
            yield Candidate(kind="sft", chosen=answer, **place)  # type: ignore[arg-type]  # typed by the dataclass
        else:
            yield Candidate(kind="unpaired", rejected=answer, **place)  # type: ignore[arg-type]  # typed by the dataclass


def has_signals(messages: Sequence[Message]) -> bool:
    """Whether any message carries something that these rules read; the quick way past most conversations."""
    return any(message.signals or message.alternatives for message in messages)


def _single_answers(story: Story) -> Iterator[tuple[Turn, Message]]:
    """Turns whose one answer has siblings. With several answers it is unknown which of them a sibling replaces."""
    for turn in story.turns:
        answers = turn.answers
        if len(answers) == 1 and answers[0].alternatives:
            yield turn, answers[0]


def _siblings(story: Story, turn: Turn, message: Message) -> list[Answer]:
    """The shown answer, then its alternatives, in the order of the log."""
    shown = Answer(
        message.content, turn.number, message.model or story.conversation.model, message.finish_reason, message.toxic
    )
    return [shown, *(Answer(one.content, turn.number, one.model) for one in message.alternatives)]


def _votes(message: Message) -> list[float]:
    """One value per sibling (1 won, -1 lost, 0 unknown), the shown answer first; empty where nobody voted."""
    shown = _sign(message.signals, "vote")
    others = [_sign(one.signals, "vote") for one in message.alternatives]
    if not shown and not any(others):
        return []
    if shown and not any(others):
        fill = -1.0 if shown > 0 else 1.0 if len(others) == 1 else 0.0
        others = [fill] * len(others)
    elif not shown and len(others) == 1:
        shown = -others[0]
    return [shown, *others]


def _sign(signals: Sequence[Signal], kind: str) -> float:
    """1 or -1 where all signals of the kind agree, else 0."""
    signs = {1.0 if s.value > 0 else -1.0 for s in signals if s.kind == kind and s.value}
    return signs.pop() if len(signs) == 1 else 0.0


def _published(message: Message) -> bool:
    siblings: Sequence[Message | Alternative] = (message, *message.alternatives)
    votes = [s for one in siblings for s in one.signals if s.kind == "vote"]
    return any(s.origin.rsplit(".", 1)[-1] in _PUBLISHED for s in votes)


def _better(rule: str, turn: int, better: Answer, worse: Answer | None) -> Iterator[Candidate]:
    yield Candidate(kind="sft", rule=rule, turn=turn, confidence=PRIORS[rule], chosen=better)
    if worse is not None:
        yield _explicit(rule, turn, better, worse)


def _explicit(rule: str, turn: int, better: Answer, worse: Answer, flags: tuple[str, ...] = ()) -> Candidate:
    return Candidate(kind="pair", rule=rule, turn=turn, confidence=PRIORS[rule], chosen=better, rejected=worse, flags=flags)
