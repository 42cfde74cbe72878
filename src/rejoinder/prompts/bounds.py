"""Types that bound a reply by its schema: words of a menu, lists of a length, texts that end somewhere.

A server that holds to schemas stops a model there that would go on and on; nothing here rejects a reply that is longer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import msgspec

from rejoinder.gateway.reading import schema_of

QUOTE = 160
"""Characters of a quote: room for the twenty words that the prompts ask for, at seven letters a word."""

NAMED = 24
"""Latest turn that a schema names: a server that compiles each schema sees few of them, 276 for windows of up to 12 turns."""


def menu(names: Sequence[str]) -> Any:
    """A word of the given ones, as a type; one that comes from a server without schemas is left to the reader of the reply."""
    return Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(names)})]


def text(most: int) -> Any:
    """A text of up to `most` characters, as a type; a quote that ends there still stands in its message letter by letter."""
    return Annotated[str, msgspec.Meta(extra_json_schema={"maxLength": most})]


def at_most(item: Any, count: int) -> Any:
    """A list of up to `count` items, as a type."""
    return Annotated[list[item], msgspec.Meta(extra_json_schema={"maxItems": count})]


def exactly(item: Any, count: int) -> Any:
    """A list of `count` items, as a type."""
    return Annotated[list[item], msgspec.Meta(extra_json_schema={"minItems": count, "maxItems": count})]


def one_each(entry: Callable[[tuple[int, ...]], Any], named: tuple[int, ...], count: int) -> Any:
    """A list with one entry for each of `count` numbered things, as a type.

    Where the schema names the numbers, each has its place: a small model would say one twice, and leave out another.

    Args:
        entry: the type of an entry about one of the given numbers.
        named: the numbers, or () if the schema is not to name them.
        count: how many entries are wanted.
    """
    if len(named) < 2:
        return exactly(entry(named), count)
    places = [schema_of(entry((number,))) for number in named]
    extra = {"minItems": count, "maxItems": count, "prefixItems": places}
    return Annotated[list[entry(named)], msgspec.Meta(extra_json_schema=extra)]  # type: ignore[misc]  # made at run time


def number_of(named: tuple[int, ...]) -> Any:
    """One of the given numbers, as a type; any number where none is given."""
    return Annotated[int, msgspec.Meta(extra_json_schema={"enum": list(named)})] if named else int
