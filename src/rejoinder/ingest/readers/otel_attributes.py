"""Attributes of a span by their dotted names, however an exporter writes them; knows no convention's meaning."""

from __future__ import annotations

from typing import Any

from rejoinder.ingest.readers.shape import Fields, decoded, fields, first, objects

_DEEPEST = 8


def spans_in(row: Fields) -> list[Fields]:
    """The spans of an OTLP message (`resourceSpans`), or the row itself."""
    resources = objects(first(row, "resourceSpans", "resource_spans"))
    if not resources:
        return [row]
    scopes = [scope for resource in resources for scope in objects(first(resource, "scopeSpans", "scope_spans"))]
    return [span for scope in scopes for span in objects(scope.get("spans"))]


def attributes_of(span: Fields) -> Fields:
    """Dotted names to values, from OTLP's key-value list, a flat or nested object, or columns `attributes.NAME`."""
    held = decoded(span.get("attributes"))
    listed = {str(pair.get("key")): _plain(pair.get("value")) for pair in objects(held)}
    columns = {name.removeprefix("attributes."): value for name, value in span.items() if name.startswith("attributes.")}
    bare = {name: value for name, value in span.items() if name.startswith(("gen_ai.", "llm.", "session.", "user."))}
    return _flat({**bare, **columns, **fields(held), **listed})


def indexed(attributes: Fields, prefix: str) -> list[Fields]:
    """Messages whose fields stand under keys of their own: `llm.input_messages.0.message.role`."""
    found: dict[int, Fields] = {}
    for name, value in attributes.items():
        place, _, rest = name.removeprefix(f"{prefix}.").partition(".")
        if name.startswith(f"{prefix}.") and place.isdecimal() and len(place) < 9 and rest:
            found.setdefault(int(place), {})[rest.removeprefix("message.")] = value
    return [found[place] for place in sorted(found)]


def _flat(value: Fields, prefix: str = "", depth: int = 0) -> Fields:
    """Nested objects as dotted names; lists stay as they are, their messages freed of dots."""
    found: Fields = {}
    for name, logged in value.items():
        inner = decoded(logged) if f"{prefix}{name}".endswith("messages") else logged
        if isinstance(inner, dict) and depth < _DEEPEST:
            found.update(_flat(inner, f"{prefix}{name}.", depth + 1))
        elif isinstance(inner, list):
            found[prefix + name] = [_undotted(entry) for entry in inner]
        else:
            found[prefix + name] = inner
    return found


def _undotted(entry: Any) -> Any:
    """A message of OpenInference (`message.role`) with plain names."""
    dotted = isinstance(entry, dict) and any(str(name).startswith("message.") for name in entry)
    return {str(name).removeprefix("message."): value for name, value in entry.items()} if dotted else entry


def _plain(value: Any) -> Any:
    """The value in OTLP's wrapper: `{"stringValue": "x"}`, also of arrays."""
    inner = fields(value)
    array = fields(inner.get("arrayValue")).get("values")
    if isinstance(array, list):
        return [next(iter(fields(entry).values()), None) for entry in array]
    return next((inner[name] for name in inner if name.endswith(("Value", "_value"))), value)
