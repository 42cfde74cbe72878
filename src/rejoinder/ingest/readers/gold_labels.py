"""Labels of Rejoinder's own rows as signals: feedback labels, reviewers' scores, emojis, copy events, speech acts.

What is no judgement (ids, ranks among absent siblings, seconds since the start, machine scores) makes no signal.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rejoinder.ingest.draft import DraftMessage
from rejoinder.ingest.readers.judgements import vote
from rejoinder.ingest.readers.shape import Fields, fields, items, key, number, prose
from rejoinder.records import Signal

_POLARITY = {"POS": 1.0, "NEG": -1.0, "NEU": 0.0}
_EMOJIS = {"+1": 1.0, "-1": -1.0}
_NO_JUDGEMENT = frozenset({"message_id", "t", "detoxify_toxicity", "synthetic", "rank", "quality_labels", "emojis"})
_COPY = frozenset({"copied_from_response", "n_copy_events", "copy_kinds"})
_MOST_EMOJIS = 100


def feedback_signals(entry: Fields) -> Iterator[Signal]:
    """The label of one user turn with its evidence, its rubrics and the annotator's confidence."""
    label = key(entry.get("label"))
    if label:
        value = _POLARITY.get(label.partition("_")[0])
        yield Signal(kind="label", name=label, value=value, text=prose(entry.get("evidence")), origin="feedback.label")
    for side in ("sat", "dsat"):
        for rubric in filter(None, map(key, items(entry.get(side)))):
            yield Signal(kind="label", name=rubric, origin=f"feedback.{side}")
    confidence = number(entry.get("confidence"))
    if confidence is not None:
        yield Signal(kind="label", name="confidence", value=confidence, origin="feedback.confidence")


def turn_signals(marks: Any) -> Iterator[Signal]:
    """What the reviewers said of one message, or the speech acts that they saw in it."""
    if isinstance(marks, (list, tuple)):
        for act in filter(None, map(key, marks)):
            yield Signal(kind="label", name=act, origin="labels.turn_speech_acts")
        return
    inner = fields(marks)
    yield from _copies(inner)
    yield from _emojis(fields(inner.get("emojis")))
    for origin, scores in (("quality_labels.", fields(inner.get("quality_labels"))), ("", inner)):
        for name, value in scores.items():
            score = number(value)
            if score is not None and (origin or name not in _NO_JUDGEMENT | _COPY):
                yield Signal(kind="score", name=name, value=score, origin=f"labels.turns.{origin}{name}")


def sign_conversation(said: list[DraftMessage], labels: Fields) -> None:
    """Judgements of the whole conversation, on its last answer."""
    last = next((made for made in reversed(said) if made.role == "assistant"), None)
    if last is None:
        return
    found = [
        Signal(kind="rating", name=name, value=value, origin=f"labels.{name}")
        for name, value in ((name, number(value)) for name, value in labels.items() if name.endswith("1to5"))
        if value is not None
    ]
    if key(labels.get("final_turn")) == "human_chosen":
        found.append(vote(1.0, origin="labels.final_turn", name="human_chosen"))
    last.signals = (*last.signals, *found)


def _copies(inner: Fields) -> Iterator[Signal]:
    """One signal per message that was copied from, with the number of copy events."""
    events = number(inner.get("n_copy_events")) or 0.0
    if inner.get("copied_from_response") is True or events > 0:
        kinds = ", ".join(filter(None, map(key, items(inner.get("copy_kinds")))))
        yield Signal(kind="copy", value=events or 1.0, name=kinds or None, origin="labels.turns.n_copy_events")


def _emojis(emojis: Fields) -> Iterator[Signal]:
    """One thumb for each reviewer who gave it."""
    for emoji, value in _EMOJIS.items():
        count = number(emojis.get(emoji)) or 0.0
        for _ in range(int(min(max(count, 0.0), _MOST_EMOJIS))):
            yield Signal(kind="thumb", value=value, name=emoji, origin="labels.turns.emojis")
