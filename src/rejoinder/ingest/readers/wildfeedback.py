"""The published WildFeedback files: preference pairs, annotated utterances, and summarised preferences.

`sat_dsat_annotation.json` has no conversation id: a conversation begins where UtteranceId is 0 and ends before the next.
Its labels come from a language model; they stay as labels on the utterance that carries them, and judge nothing here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rejoinder.ingest.draft import Draft, DraftMessage, Unreadable
from rejoinder.ingest.format import Evidence, Format, Sample
from rejoinder.ingest.readers.chat import messages_in_request
from rejoinder.ingest.readers.judgements import ranked, vote
from rejoinder.ingest.readers.shape import (
    Fields,
    conversation_rows,
    decoded,
    fields,
    first,
    has,
    need_list,
    number,
    objects,
    prose,
    seen,
    strongest,
)
from rejoinder.ingest.readers.sharegpt import turns
from rejoinder.records import Alternative, Signal

_LABELS = ("Satisfaction", "Disatisfaction", "Dissatisfaction", "State", "Preceeding")
_REASONS = ("Satisfaction-Justificiation", "Dissatisfaction-Justificiation")


def recognise(sample: Sample) -> Evidence | None:
    """Utterances with UtteranceId, or conversations of from and value with `chosen` and `rejected`."""
    return strongest(
        [
            seen(sample, lambda row: has(row, "UtteranceId", "Role", "Content"), "utterances with UtteranceId and Role", 0.99),
            seen(sample, _is_pair, "conversations of `from` and `value` with chosen and rejected", 0.97),
        ]
    )


def starts(row: Any) -> bool:
    """Whether a row begins a new conversation: every row but an utterance that continues one."""
    position = number(fields(row).get("UtteranceId"))
    return position is None or position == 0


def read(row: Any, sidecars: Mapping[str, Any]) -> Iterator[Draft]:
    """One group of utterances, or one pair, is one conversation."""
    rows = conversation_rows(row)
    if not rows:
        raise Unreadable("not-an-object", "The row is no object; this format has one object per row.")
    if "Content" in rows[0] or "UtteranceId" in rows[0]:
        yield Draft(messages=[_utterance(entry) for entry in rows])
        return
    for entry in rows:
        yield Draft(messages=_pair(entry), id=first(entry, "id", "conversation_hash"), model=entry.get("model"))


def _utterance(row: Fields) -> DraftMessage:
    return DraftMessage(role=row.get("Role"), content=row.get("Content"), signals=tuple(_labels(row)))


def _labels(row: Fields) -> Iterator[Signal]:
    """What the annotation says of one utterance, each field under its published (misspelt) name."""
    for name in _LABELS:
        value, text = number(row.get(name)), prose(row.get(name)) if isinstance(row.get(name), str) else None
        if value is not None or text:
            yield Signal(kind="label", name=name, value=value, text=text, origin=name)
    for name in _REASONS:
        text = prose(row.get(name))
        if text:
            yield Signal(kind="label", name=name, text=text, origin=name)


def _pair(row: Fields) -> list[DraftMessage]:
    """The conversation, then the chosen answer with the rejected one beside it, unless it ends with an answer already."""
    said = turns(need_list(row, "conversations")) if "conversations" in row else messages_in_request(row.get("prompt"))
    chosen, rejected = (_answer(row.get(name)) for name in ("chosen", "rejected"))
    if not said or chosen is None or rejected is None:
        raise Unreadable("no-pair", "A preference needs a conversation, `chosen` and `rejected`; one of them is empty.")
    last = said[-1]
    if last.role in ("gpt", "assistant"):
        last.alternatives = (_beside(chosen, 1.0, "chosen"), _beside(rejected, -1.0, "rejected"))
        return said
    winner = ranked(chosen, rejected, origin=("chosen", "rejected"))
    return [*said, winner] if winner else said


def _answer(value: Any) -> str | None:
    """The text of `chosen` or `rejected`: an object with `value`, a list that ends with one, or the text itself."""
    value = decoded(value)
    last = objects(value)[-1:] if isinstance(value, list) else [value]
    inner = last[0] if last else None
    return prose(first(inner, "value", "content") if isinstance(inner, dict) else inner)


def _beside(text: str, value: float, name: str) -> Alternative:
    return Alternative(content=text, signals=(vote(value, origin=name),))


def _is_pair(row: Fields) -> bool:
    entries = objects(decoded(row.get("conversations")))
    return bool(entries) and "from" in entries[0] and has(row, "chosen", "rejected")


WILDFEEDBACK = Format(name="wildfeedback", title="WildFeedback files", recognise=recognise, read=read, starts=starts)
