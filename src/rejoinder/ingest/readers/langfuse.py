"""Langfuse exports: traces, observations and scores, as one JSON, as lines, or as the columns of a blob export.

One session is one conversation, its traces in time; `history.py` joins inputs that repeat the whole history.
Scores stay on the response of the trace that they judge, those of a whole session on its last response.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rejoinder.ingest.draft import Draft, DraftMessage, Unreadable
from rejoinder.ingest.format import Evidence, Format, Sample
from rejoinder.ingest.readers.chat import messages_in_answer, messages_in_request
from rejoinder.ingest.readers.history import Exchange, join, sign
from rejoinder.ingest.readers.langfuse_rows import Rows, either, kind_of, sort_rows
from rejoinder.ingest.readers.shape import Fields, conversation_rows, decoded, fields, first, key, seen, share, strongest
from rejoinder.ingest.readers.tree import when

_KINDS = {"trace": "traces with session, input and output", "observation": "observations of traces", "score": "scores"}


def recognise(sample: Sample) -> Evidence | None:
    """Rows that are a trace, an observation or a score, or an object that holds lists of them."""
    kinds = [share(_count(sample, kind), len(sample.rows), what, 0.95) for kind, what in _KINDS.items()]
    whole = share(_count(sample, "bundle"), len(sample.rows), "lists of traces and scores", 0.97)
    mixed = seen(sample, lambda row: kind_of(row) is not None, "traces, observations or scores", 0.95)
    return strongest([whole, *kinds, mixed])


def _count(sample: Sample, kind: str) -> int:
    return sum(1 for row in sample.rows if kind_of(fields(row)) == kind)


def group(row: Any) -> tuple[str, str | float] | None:
    """Rows of one session; what names no session belongs to its trace, what holds a session whole stands alone."""
    row = fields(row)
    kind = kind_of(row)
    trace = row.get("id") if kind == "trace" else either(row, "traceId")
    session = either(row, "sessionId") or fields(row.get("session")).get("id")
    place = when(first(row, "timestamp", "startTime", "start_time", "createdAt", "created_at"))
    if key(session):
        return (f"session {key(session)}", place)
    if key(trace):
        return (f"trace {key(trace)}", place)
    return (f"bundle {key(row.get('id'))}", place) if kind == "bundle" else None


def links(row: Any) -> tuple[str, ...]:
    """The trace that a row of a session belongs to: scores and observations often know nothing but their trace."""
    row = fields(row)
    trace = key(row.get("id")) if kind_of(row) == "trace" else key(either(row, "traceId"))
    return (f"trace {trace}",) if trace and key(either(row, "sessionId")) else ()


def read(row: Any, sidecars: Mapping[str, Any]) -> Iterator[Draft]:
    """One group of rows, or one object that holds lists of them, is one conversation per session."""
    rows = sort_rows(conversation_rows(row))
    if not rows.traces and not rows.observations:
        if rows.scores:
            raise Unreadable("score-without-trace", "The trace of this score is in no file; read the traces' file as well.")
        raise Unreadable("no-traces", "The row is no trace, observation or score of Langfuse.")
    drafts = [_draft(rows, *session) for session in rows.sessions()]
    if not any(draft.messages for draft in drafts):
        raise Unreadable("no-messages", "The traces have neither input nor output that holds messages.")
    yield from drafts  # one without messages is refused, and so counted, when it is normalised
    if strays := rows.strays():
        places = ", ".join(dict.fromkeys(place for place, _ in strays))[:500]
        scores = "1 score judges" if len(strays) == 1 else f"{len(strays)} scores judge"
        detail = f"{scores} what is in no file ({places}); read the traces' file as well."
        raise Unreadable("score-without-trace", detail)


def _draft(rows: Rows, session: str, traces: list[Fields]) -> Draft:
    """One conversation from the traces of one session, in time."""
    ordered = sorted(traces, key=lambda trace: when(_start(trace)))
    said = join([_exchange(rows, trace) for trace in ordered])
    sign(said, rows.judging(session) if session.startswith("session ") else ())
    return Draft(
        messages=said,
        id=session.partition(" ")[2],
        user=next((either(trace, "userId") for trace in ordered if either(trace, "userId")), None),
        model=next((made.model for made in reversed(said) if made.model), None),
        time=_start(ordered[0]),
    )


def _exchange(rows: Rows, trace: Fields) -> Exchange:
    """What one trace asked and answered, from its own input and output, else from its last generation."""
    id_ = key(trace.get("id"))
    generations = rows.generations(id_)
    asked, answered = _sides(trace)
    for generation in reversed(generations):
        if asked and answered:
            break
        inner_asked, inner_answered = _sides(generation)
        asked, answered = asked or inner_asked, answered or inner_answered
    model = next((either(row, "providedModelName", "model") for row in reversed(generations)), None)
    end = next((either(row, "endTime", "startTime") for row in reversed(generations)), None) or _start(trace)
    for made in answered:
        made.id, made.model, made.time = made.id or id_, made.model or model, made.time or end
    if asked:
        asked[-1].time = asked[-1].time or _start(trace)
    return Exchange(asked, answered, tuple(rows.judging(f"trace {id_}")))


def _start(trace: Fields) -> Any:
    return first(trace, "timestamp", "createdAt", "created_at")


def _sides(row: Fields) -> tuple[list[DraftMessage], list[DraftMessage]]:
    return messages_in_request(decoded(row.get("input"))), messages_in_answer(decoded(row.get("output")))


LANGFUSE = Format(name="langfuse", title="Langfuse export", recognise=recognise, read=read, group=group, links=links)
