"""Careful looks into decoded rows: what a field should be, or a harmless nothing where it is something else.

Raises nothing, whatever the row holds, and decides nothing about formats.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from rejoinder.ingest.content import text_of
from rejoinder.ingest.draft import Unreadable
from rejoinder.ingest.format import Evidence, Sample

Fields = dict[str, Any]


def fields(value: Any) -> Fields:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """The value as a list if it is one, else an empty list."""
    return list(value) if isinstance(value, (list, tuple)) else []


def objects(value: Any) -> list[Fields]:
    """The objects in a list; what is not an object in it is left out."""
    return [item for item in items(value) if isinstance(item, dict)]


def first(row: Mapping[str, Any], *names: str) -> Any:
    """The first of the named fields that is neither missing, None nor an empty string."""
    return next((row[name] for name in names if row.get(name) is not None and row[name] != ""), None)


def word(value: Any) -> str | None:
    """A non-empty string, a number as its digits; None for everything else."""
    if isinstance(value, str):
        return sound(value).strip() or None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return None


def key(value: Any) -> str:
    """A field that names something, as a string; empty where it names nothing."""
    return word(value) or ""


def prose(value: Any) -> str | None:
    """The text in a content of any shape, or None where it holds none."""
    text = sound(text_of(value))
    return text if text.strip() else None


def number(value: Any) -> float | None:
    """A finite number, also from digits or a truth value; None for everything else."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if not isinstance(value, (int, float)):
        return None
    try:
        converted = float(value)
    except OverflowError:
        return None
    return converted if math.isfinite(converted) else None


def flag(value: Any) -> bool | None:
    """A truth value; None for everything else."""
    return value if isinstance(value, bool) else None


def decoded(value: Any) -> Any:
    """JSON that stands in a string (CSV and Parquet exports do that), decoded; every other value as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def sound(text: str) -> str:
    """The text with surrogate pairs joined and lone surrogates replaced by U+FFFD, as records need it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def conversation_rows(row: Any) -> list[Fields]:
    """The rows of one group (`{"rows": [...]}`), or the row itself where it was read alone."""
    rows = fields(row).get("rows")
    return objects(rows) if isinstance(rows, list) else objects([row])


def need_object(row: Any) -> Fields:
    """The row, which must be an object.

    Raises:
        Unreadable: `not-an-object`.
    """
    if isinstance(row, dict):
        return row
    raise Unreadable("not-an-object", f"The row is {_kind(row)}; this format has one object per row.")


def need_list(row: Fields, *names: str) -> list[Any]:
    """The first of the named fields, which must be a list, also one that stands as JSON in a string.

    Raises:
        Unreadable: `no-messages`, with what stands there instead.
    """
    found = {name: decoded(row[name]) for name in names if row.get(name) is not None}
    for value in found.values():
        if isinstance(value, (list, tuple)):
            return list(value)
    seen = ", ".join(f"`{name}` is {_kind(value)}" for name, value in found.items()) or "it is missing"
    raise Unreadable("no-messages", f"`{names[0]}` should be the list of messages, but {seen}.")


def seen(sample: Sample, test: Callable[[Fields], object], what: str, strength: float) -> Evidence | None:
    """Evidence from the share of sampled rows that pass a test: `what in 3 of 3 rows`."""
    hits = sum(1 for row in sample.rows if isinstance(row, dict) and test(row))
    return share(hits, len(sample.rows), what, strength)


def share(hits: int, total: int, what: str, strength: float) -> Evidence | None:
    """Evidence as strong as the share of rows in which something was seen; None where it was seen in none."""
    if not hits:
        return None
    rows = "row" if total == 1 else "rows"
    return Evidence(round(strength * hits / total, 4), f"{what} in {hits} of {total} {rows}")


def strongest(found: Iterable[Evidence | None]) -> Evidence | None:
    """The evidence with the highest score, or None where there is none."""
    return max((evidence for evidence in found if evidence), key=lambda evidence: evidence.score, default=None)


def has(row: Fields, *names: str) -> bool:
    """Whether the row has all the named fields, whatever they hold."""
    return all(name in row for name in names)


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "a truth value", type(None): "null"}
    return kinds.get(type(value), "a number" if isinstance(value, (int, float)) else f"a {type(value).__name__}")
