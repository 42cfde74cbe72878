"""OpenTelemetry spans of chats: the GenAI conventions, OpenInference (Phoenix), and what came before them.

Spans of one conversation id, session or trace are one conversation, in time; what a request repeats is said once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rejoinder.ingest.draft import Draft, DraftMessage, Unreadable
from rejoinder.ingest.format import Evidence, Format, Sample
from rejoinder.ingest.readers.chat import messages, messages_in_answer, messages_in_request
from rejoinder.ingest.readers.history import Exchange, join
from rejoinder.ingest.readers.otel_attributes import attributes_of, indexed, spans_in
from rejoinder.ingest.readers.shape import (
    Fields,
    conversation_rows,
    decoded,
    fields,
    first,
    items,
    key,
    number,
    objects,
    prose,
    seen,
)
from rejoinder.ingest.readers.tree import when
from rejoinder.records import Signal

_ASKED = ("gen_ai.input.messages", "llm.input_messages", "gen_ai.prompt")
_ANSWERED = ("gen_ai.output.messages", "llm.output_messages", "gen_ai.completion")
_CONVERSATION = ("gen_ai.conversation.id", "session.id")
_MODEL = ("gen_ai.response.model", "gen_ai.request.model", "llm.model_name")
_EVALUATION = "gen_ai.evaluation."


def recognise(sample: Sample) -> Evidence | None:
    """Spans with the attributes of one of the conventions."""
    return seen(sample, _fits, "spans with gen_ai or llm attributes", 0.95)


def group(row: Any) -> tuple[str, str | float] | None:
    """Spans of one conversation, else of one session, else of one trace."""
    spans = spans_in(fields(row))
    if not spans:
        return None
    name = next(filter(None, (key(first(attributes_of(span), *_CONVERSATION)) for span in spans)), None)
    trace = key(_trace(spans[0]))
    return (f"conversation {name}" if name else f"trace {trace}", _start(spans[0])) if name or trace else None


def read(row: Any, sidecars: Mapping[str, Any]) -> Iterator[Draft]:
    """One group of spans is one conversation; an OTLP message may hold several."""
    spans = sorted((span for entry in conversation_rows(row) for span in spans_in(entry)), key=_start)
    drafts = [draft for draft in map(_draft, _conversations(spans)) if draft.messages]
    if not drafts:
        raise Unreadable("no-messages", "No span holds messages: neither gen_ai, llm nor input.value attributes have any.")
    yield from drafts


def _conversations(spans: list[Fields]) -> list[list[tuple[Fields, Fields]]]:
    """Spans with their attributes by conversation; a span that names none goes with its trace."""
    pairs = [(span, attributes_of(span)) for span in spans]
    names = [key(first(attributes, *_CONVERSATION)) for _, attributes in pairs]
    of_trace = {key(_trace(span)): name for (span, _), name in zip(pairs, names, strict=True) if name}
    found: dict[str, list[tuple[Fields, Fields]]] = {}
    for pair, name in zip(pairs, names, strict=True):
        trace = key(_trace(pair[0]))
        found.setdefault(name or of_trace.get(trace) or f"trace {trace}", []).append(pair)
    return list(found.values())


def _draft(pairs: list[tuple[Fields, Fields]]) -> Draft:
    chats = [pair for pair in pairs if any(_sides(pair[1]))] or [pair for pair in pairs if any(_values(pair[1]))]
    known = {name: value for _, attributes in reversed(pairs) for name, value in attributes.items()}
    return Draft(
        messages=join([_exchange(span, attributes) for span, attributes in chats]),
        id=first(known, *_CONVERSATION) or _trace(pairs[0][0]),
        user=first(known, "user.id", "enduser.id"),
        model=first(known, *_MODEL),
        time=_time(pairs[0][0]),
    )


def _exchange(span: Fields, attributes: Fields) -> Exchange:
    asked, answered = _sides(attributes)
    if not asked and not answered:
        asked, answered = _values(attributes)
    for made in answered:
        made.model, made.time = made.model or first(attributes, *_MODEL), made.time or _time(span)
    return Exchange(asked, answered, tuple(_signals(span)))


def _sides(attributes: Fields) -> tuple[list[DraftMessage], list[DraftMessage]]:
    """What the span's messages say, in any of the conventions."""
    system = prose(decoded(attributes.get("gen_ai.system_instructions")))
    lead = [DraftMessage("system", system)] if system else []
    asked = messages(_listed(attributes, _ASKED), alone="user")
    return (lead + asked if asked else []), messages(_listed(attributes, _ANSWERED), alone="assistant")


def _listed(attributes: Fields, names: tuple[str, ...]) -> list[Any]:
    """A list of messages that stands whole, as JSON, or under one key for each of its fields."""
    for name in names:
        found = items(decoded(attributes.get(name))) or indexed(attributes, name)
        if found:
            return found
    return []


def _values(attributes: Fields) -> tuple[list[DraftMessage], list[DraftMessage]]:
    return messages_in_request(attributes.get("input.value")), messages_in_answer(attributes.get("output.value"))


def _signals(span: Fields) -> Iterator[Signal]:
    """Evaluations that the conventions hang on a span as events, and Phoenix as annotations."""
    for event in objects(decoded(span.get("events"))):
        found = attributes_of(event)
        if any(name.startswith(_EVALUATION) for name in found):
            yield _score(found, _EVALUATION, "events.gen_ai.evaluation", "score.value", "score.label")
    for note in objects(decoded(span.get("annotations"))):
        yield _score({"name": note.get("name"), **fields(note.get("result"))}, "", "annotations.result", "score", "label")


def _score(found: Fields, prefix: str, origin: str, value: str, label: str) -> Signal:
    words = filter(None, (prose(found.get(prefix + name)) for name in (label, "explanation")))
    return Signal(
        kind="score",
        value=number(found.get(prefix + value)),
        text=": ".join(words) or None,
        name=key(found.get(f"{prefix}name")) or None,
        origin=origin,
    )


def _trace(span: Fields) -> Any:
    return first(span, "traceId", "trace_id", "context.trace_id") or fields(span.get("context")).get("trace_id")


def _time(span: Fields) -> Any:
    return first(span, "startTimeUnixNano", "start_time_unix_nano", "start_time", "startTime", "timestamp")


def _start(span: Fields) -> float:
    return when(_time(span))


def _fits(row: Fields) -> bool:
    marks = ("gen_ai.", "llm.input_messages", "llm.output_messages", "openinference.span.kind")
    return any(name.startswith(marks) for span in spans_in(row)[:3] for name in attributes_of(span))


OTEL = Format(name="otel", title="OpenTelemetry spans", recognise=recognise, read=read, group=group)
