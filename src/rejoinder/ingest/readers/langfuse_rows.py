"""The three kinds of rows that Langfuse writes, found in any of its exports and sorted by session and trace.

Field names come in camelCase (API, JSON) and snake_case (blob export); both are read. Makes no messages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from rejoinder.ingest.readers.shape import Fields, decoded, fields, first, items, key, number, objects, prose
from rejoinder.ingest.readers.tree import when
from rejoinder.records import Signal

Kind = Literal["trace", "observation", "score", "bundle"]
_LISTS = ("traces", "observations", "scores")
_CAPITAL = re.compile(r"(?<!^)([A-Z])")


@dataclass(slots=True)
class Rows:
    """Rows of one export or of one group, by kind."""

    traces: dict[str, Fields] = field(default_factory=dict)
    observations: dict[str, list[Fields]] = field(default_factory=dict)
    """By trace."""
    scores: dict[str, list[Fields]] = field(default_factory=dict)
    """By what they judge: `trace ID` or `session ID`."""

    def sessions(self) -> list[tuple[str, list[Fields]]]:
        """Traces by `session ID` or, alone, by `trace ID`; observations whose trace is missing make one of their own."""
        found: dict[str, list[Fields]] = {}
        for trace in (*self.traces.values(), *self._orphans()):
            session = key(either(trace, "sessionId"))
            found.setdefault(f"session {session}" if session else f"trace {key(trace.get('id'))}", []).append(trace)
        return list(found.items())

    def generations(self, trace: str) -> list[Fields]:
        """The observations of a trace that may hold messages, in time: generations, else the root, else any."""
        mine = self.observations.get(trace, [])
        models = [row for row in mine if key(row.get("type")).upper() == "GENERATION"]
        roots = [row for row in mine if either(row, "isRootObservation") is True]
        return sorted(models or roots or mine, key=lambda row: when(either(row, "startTime")))

    def judging(self, place: str) -> list[Signal]:
        """Scores in time: of `trace ID` or an observation in it, or of `session ID` as a whole."""
        return [score_signal(row) for row in sorted(self.scores.get(place, []), key=_scored)]

    def strays(self) -> list[tuple[str, Fields]]:
        """Scores of what is not there, each with the place (`trace ID`, `session ID`) that it judges."""
        sessions = self.sessions()
        there = {name for name, _ in sessions} | {f"trace {key(trace.get('id'))}" for _, traces in sessions for trace in traces}
        return [(place, row) for place, rows in self.scores.items() if place not in there for row in rows]

    def add(self, kind: Kind | None, row: Fields) -> None:
        """Put one row where it is looked for."""
        trace = key(either(row, "traceId"))
        if kind == "trace":
            self.traces.setdefault(key(row.get("id")), row)
        elif kind == "observation":
            self.observations.setdefault(trace, []).append(row)
        elif kind == "score":
            place = f"trace {trace}" if trace else f"session {key(either(row, 'sessionId'))}"
            self.scores.setdefault(place, []).append(row)

    def _orphans(self) -> Iterator[Fields]:
        for trace, rows in self.observations.items():
            if trace not in self.traces:
                known = {
                    name: next(filter(None, (either(row, name) for row in rows)), None) for name in ("sessionId", "userId")
                }
                yield {"id": trace, "timestamp": either(rows[0], "startTime"), **known}


def sort_rows(values: list[Fields]) -> Rows:
    """Every trace, observation and score in rows and bundles; details of a trace (`observations`, `scores`) too."""
    rows = Rows()
    waiting: list[tuple[Fields, Any]] = [(value, None) for value in reversed(values)]
    while waiting:
        value, trace = waiting.pop()
        known = value if either(value, "traceId", "sessionId") or trace is None else {**value, "traceId": trace}
        kind = kind_of(known)
        inner = [(child, value.get("id") if kind == "trace" else None) for child in _inside(value)]
        waiting.extend(reversed(inner))
        rows.add(kind, known)
    return rows


def kind_of(row: Fields) -> Kind | None:
    """What a row is, by the fields that only this kind fills (a table of all three kinds has the columns of all)."""
    belongs = either(row, "traceId", "sessionId", "datasetRunId") is not None
    if belongs and row.get("name") is not None and either(row, "value", "stringValue") is not None:
        return "score"
    if either(row, "traceId") is not None and either(row, "startTime", "parentObservationId", "type") is not None:
        return "observation"
    known = has_either(row, "sessionId") or ("id" in row and has_either(row, "userId", "htmlPath"))
    if known and row.get("timestamp") is not None and ("input" in row or "output" in row):
        return "trace"
    lists = [value for name in _LISTS for value in objects(decoded(_bundled(row).get(name)))[:3]]
    bare = ({name: child for name, child in value.items() if name not in (*_LISTS, "session")} for value in lists)
    return "bundle" if any(map(kind_of, bare)) else None


def score_signal(score: Fields) -> Signal:
    """One score; a correction carries the better answer as its text, every other score its comment."""
    data_type, name = key(either(score, "dataType")).upper(), key(score.get("name")) or None
    value, said = score.get("value"), prose(either(score, "stringValue"))
    if data_type == "CORRECTION":
        better = said or (prose(value) if isinstance(value, str) else None) or prose(score.get("comment"))
        return Signal(kind="correction", text=better, name=name, origin="scores[].stringValue")
    category = said or (prose(value) if isinstance(value, str) and number(value) is None else None)
    comment = prose(score.get("comment"))
    words = [category if data_type != "BOOLEAN" else None, comment]
    return Signal(
        kind="score",
        value=number(value),
        text=": ".join(filter(None, words)) or None,
        name=name,
        origin=f"scores[].value ({key(score.get('source')) or 'source unknown'})",
    )


def either(row: Fields, *names: str) -> Any:
    """The first filled of the fields, each by its camelCase name and by its snake_case one."""
    return first(row, *(spelling for name in names for spelling in (name, _snake(name))))


def has_either(row: Fields, *names: str) -> bool:
    """Whether one of the fields is there in one of its two spellings, filled or not."""
    return any(name in row or _snake(name) in row for name in names)


def _snake(name: str) -> str:
    return _CAPITAL.sub(r"_\1", name).lower()


def _inside(row: Fields) -> list[Fields]:
    bundled = _bundled(row)
    nested = [value for name in _LISTS for value in objects(decoded(bundled.get(name)))]
    outer = [value for name in _LISTS for value in objects(decoded(row.get(name)))] if bundled is not row else []
    return [*nested, *outer, *objects(items(row.get("data")))]


def _bundled(row: Fields) -> Fields:
    """The object that holds the lists: the row, or the session in it."""
    session = fields(decoded(row.get("session")))
    return session if "traces" in session else row


def _scored(row: Fields) -> float:
    return when(first(row, "timestamp", "createdAt", "created_at"))
