"""Invented conversations as the datasets of a finished run: what the report's tests read; holds no text of a real person."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from pathlib import Path

from rejoinder.records import (
    AnnotatedConversation,
    Conversation,
    Failure,
    Feedback,
    Message,
    Origin,
    PreferenceExample,
    Provenance,
    Record,
    Signal,
)
from rejoinder.report import LogFile, ReportSources
from rejoinder.store import Dataset, Part, write_part

CONFUSION = (
    (88, 2, 1, 2, 1, 21),
    (2, 120, 14, 12, 13, 48),
    (1, 17, 71, 5, 6, 22),
    (1, 11, 4, 62, 5, 36),
    (0, 13, 5, 4, 80, 28),
    (12, 39, 12, 27, 21, 806),
)
"""True x predicted, in the order of the taxonomy `user-feedback`; invented."""

REQUESTS = (
    ("Plan a three-day trip to Lisbon with two small children.", "Day 1: the tram 28 at noon, then the castle. Day 2: Sintra."),
    ("Write a regular expression that finds German postcodes.", "Use `\\d{4}`: it matches every postcode in Germany."),
    (
        "Summarise this report for my manager in five lines.",
        "The report is long and covers many topics.",
    ),
    ("Why does my sourdough stay flat?", "Bread needs yeast. Buy fresh yeast and try again."),
    ("Translate the invitation into French, please.", "Dear all, you are invited to our summer party on Friday."),
    (
        "Explain recursion to a ten-year-old.",
        "Recursion solves a problem by solving smaller instances of it.",
    ),
    ("Sort these invoices by date in Python.", "invoices.sort()  # sorts the list"),
    ("What should I see at the museum in one hour?", "The museum has 4,000 exhibits. Start in room 1 and walk on."),
)
TURNS = {
    "POS": ("Perfect, thank you!", "Great, that works now.", "Lovely, exactly what I needed.", "Thanks, that is very clear."),
    "NEG_CORRECTION": (
        "No, German postcodes have five digits, not four.",
        "That is wrong, the tram is far too crowded at noon with children.",
        "Not in English. I asked for French.",
        "Wrong order: sort by date, not by amount.",
    ),
    "NEG_AWARE": (
        "It still does not work, the same error again.",
        "That is not what I asked for.",
        "The code does not work, I get an error.",
        "Still the same error message.",
    ),
    "NEG_CLARIFY": (
        "What do you mean by smaller instances?",
        "Are you sure? Which room do you mean?",
        "Which castle do you mean?",
    ),
    "NEG_REPHRASE": (
        "Let me say it again: five lines, for my manager.",
        "I asked for a summary in five lines.",
        "Again: why does my sourdough stay flat?",
    ),
    "NEU": (
        "And what about the weather in May?",
        "Now write it as an e-mail.",
        "Next: add a column for the total.",
        "Two adults.",
    ),
}
WEIGHTS = {"POS": 7, "NEG_CORRECTION": 9, "NEG_AWARE": 7, "NEG_CLARIFY": 5, "NEG_REPHRASE": 4, "NEU": 68}
POLARITY = {"P": "positive", "N": "negative"}
JULY = 1_751_328_000.0
"""2025-07-01, in seconds."""


def talk(
    name: str,
    exchanges: Sequence[tuple[str, str]],
    labels: Sequence[str] = (),
    *,
    evidence: Sequence[str] | None = None,
    **fields: object,
) -> AnnotatedConversation:
    """A conversation of (request, response) exchanges, with one label per user turn from the second on."""
    messages = [
        message
        for request, response in exchanges
        for message in (Message(role="user", content=request), Message(role="assistant", content=response))
        if message.content
    ]
    conversation = Conversation(
        id=name, source="test", origin=Origin(file="chats.jsonl", row=1), messages=tuple(messages), **fields
    )
    feedback = tuple(
        Feedback(
            turn=turn,
            about=turn - 1,
            category=label,
            polarity=polarity_of(label),
            probability=0.9,
            evidence=() if label == "NEU" else (evidence[turn - 2] if evidence else exchanges[turn - 1][0],),
        )
        for turn, label in enumerate(labels, start=2)
    )
    return AnnotatedConversation(conversation=conversation, feedback=feedback)


def polarity_of(label: str) -> str:
    """Which way a label of the taxonomy `user-feedback` points."""
    return "neutral" if label == "NEU" else POLARITY[label[0]]


def invented(n: int = 400, seed: int = 1) -> list[AnnotatedConversation]:
    """`n` conversations with times, users, models, languages and a few thumbs."""
    dice = random.Random(seed)
    talks = []
    for row in range(n):
        subject = dice.choice(REQUESTS)
        model = dice.choice(["aurora-2", "aurora-2", "borealis-1"])
        labels = [_label(dice, model) for _ in range(dice.choice([0, 1, 1, 2, 2, 3, 4]))]
        exchanges = [subject, *((dice.choice(TURNS[label]), dice.choice(REQUESTS)[1]) for label in labels)]
        one = talk(
            f"chat-{row:04}", exchanges, labels,
            model=model, language=dice.choice(["en"] * 8 + ["de"]), user=f"user-{dice.randrange(n // 2)}",
            time=JULY + dice.random() * 90 * 86_400, toxic=dice.random() < 0.03,
        )  # fmt: skip
        talks.append(_thumbed(one, dice) if dice.random() < 0.2 else one)
    return talks


def _label(dice: random.Random, model: str) -> str:
    weights = dict(WEIGHTS, NEU=40) if model == "borealis-1" else WEIGHTS
    return dice.choices(list(weights), list(weights.values()))[0]


def _thumbed(one: AnnotatedConversation, dice: random.Random) -> AnnotatedConversation:
    says = one.feedback[0].polarity if one.feedback else "neutral"
    value = {"negative": -1.0, "positive": 1.0, "neutral": dice.choice([1.0, -1.0])}[says]
    messages = list(one.conversation.messages)
    messages[1] = replaced_signal(messages[1], Signal(kind="thumb", value=value if dice.random() < 0.9 else -value))
    return AnnotatedConversation(conversation=_with(one.conversation, messages=tuple(messages)), feedback=one.feedback)


def replaced_signal(message: Message, signal: Signal) -> Message:
    """The message with one signal on it."""
    return Message(role=message.role, content=message.content, signals=(signal,))


def _with(conversation: Conversation, **changes: object) -> Conversation:
    return Conversation(**{**{name: getattr(conversation, name) for name in conversation.__struct_fields__}, **changes})


def dataset(
    folder: Path, record: type[Record], rows: Iterable[Record], failures: Sequence[Failure] = (), read: int | None = None
) -> Dataset:
    """A dataset of two parts (one where there is one row or none)."""
    rows = list(rows)
    half = len(rows) // 2
    slices = [(rows[:half], ()), (rows[half:], failures)] if half else [(rows, failures)]
    total = len(rows) + len(failures) if read is None else read
    parts = []
    for number, (some, fell) in enumerate(slices):
        count = len(some) if number + 1 < len(slices) else total - sum(part.report.read for part in parts)
        path = folder / f"part-{number}.parquet"
        parts.append(Part(fingerprint=path.stem, report=write_part(path, record, some, list(fell), count)))
    return Dataset(folder=folder, record=record, parts=tuple(parts))


def examples_of(talks: Sequence[AnnotatedConversation]) -> list[PreferenceExample]:
    """One example per complaint, every third one dropped by a gate."""
    found = []
    for one in talks:
        for feedback in one.feedback:
            if feedback.polarity != "neutral":
                found.append(_example(one.conversation, feedback, len(found)))
    return found


def _example(conversation: Conversation, feedback: Feedback, number: int) -> PreferenceExample:
    bad = feedback.polarity == "negative"
    gate = {0: "too-short", 3: "language-switch"}.get(number % 6)
    return PreferenceExample(
        id=f"example-{number:05}",
        kind="pair" if bad and number % 2 else "unpaired",
        context=conversation.messages[:1],
        chosen=None if bad else "good",
        rejected="bad" if bad else None,
        confidence=0.8,
        split="held_out" if number % 10 == 0 else "train",
        provenance=Provenance(
            conversation_id=conversation.id, source="test", origin=conversation.origin,
            rule="repaired" if bad and number % 2 else "complaint" if bad else "praise", context_turn=feedback.about,
        ),
        dropped_by=gate,
        reason=f"Dropped by {gate}, because this is a test." if gate else None,
    )  # fmt: skip


def sources(folder: Path, talks: Sequence[AnnotatedConversation], **fields: object) -> ReportSources:
    """The four datasets of a run over `talks`, with three duplicates and two quarantined rows."""
    conversations = [one.conversation for one in talks]
    copies = [
        Failure(stage="deduplicate", reason="exact-duplicate", detail=f"Says the same as chat-{i:04}.", item=f"copy-{i}")
        for i in range(3)
    ]
    broken = [
        Failure(stage="ingest", reason="not-json", detail="Line is not JSON.", origin=Origin(file="chats.jsonl", row=row))
        for row in (7, 19)
    ]
    again = [*conversations, *conversations[:3]] if len(conversations) > 3 else conversations
    copies = copies if len(conversations) > 3 else []
    values = {
        "confusion": CONFUSION,
        "labeller": "embedded classifier (test)",
        "files": (LogFile("chats.jsonl", "test", "role and content in 10 of 10 rows"),),
        **fields,
    }
    return ReportSources(
        read=dataset(folder / "read", Conversation, again, broken),
        kept=dataset(folder / "kept", Conversation, conversations, copies),
        annotated=dataset(folder / "annotated", AnnotatedConversation, talks),
        examples=dataset(folder / "examples", PreferenceExample, examples_of(talks)),
        **values,
    )
