"""Says which key was probably meant where a recipe holds one that does not exist; reads no file."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import get_args

import msgspec

_UNKNOWN = re.compile(r"unknown field `(?P<word>[^`]*)`(?: - at `\$\.?(?P<place>[^`]*)`)?")
"""As msgspec words it; the place is left out at the top."""


def explained(error: msgspec.DecodeError, kind: type[msgspec.Struct]) -> str:
    """The message of a decoder for `kind`; for an unknown key with the nearest key, of the same group where one is near."""
    found = _UNKNOWN.search(str(error))
    if found is None:
        return f"{error}."
    place = (found["place"] or "").replace("[...]", ".*")
    here = f"{place}." if place else ""
    keys = sorted(_keys(kind), key=lambda key: key.rpartition(".")[0] != place)  # stable: the same group comes first
    near = difflib.get_close_matches(found["word"], [key.rpartition(".")[2] for key in keys], n=1)
    meant = next((f" Did you mean `{key}`?" for key in keys if key.rpartition(".")[2] in near), "")
    return f"unknown key `{here}{found['word']}`.{meant}"


def _keys(kind: type[msgspec.Struct], above: str = "") -> Iterator[str]:
    """All keys with the groups that they stand in; `*` is a name of one's own or a place in a list."""
    for field in msgspec.structs.fields(kind):
        yield above + field.encode_name
        for inner, way in ((field.type, "."), *((one, ".*.") for one in get_args(field.type))):
            if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
                yield from _keys(inner, f"{above}{field.encode_name}{way}")
