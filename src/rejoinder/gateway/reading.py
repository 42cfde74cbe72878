"""The shape of a reply: its JSON schema for the server, and the text that came back read into it, mended where it can be.

What cannot be read is said to be unreadable, with the reason; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, reduce
from typing import Any

import msgspec

_THOUGHTS = re.compile(r"\s*<think>.*?</think>\s*", re.DOTALL)
_BOUNDS = frozenset({"minLength", "maxLength", "minItems", "maxItems"})
_PLACES = "prefixItems"
_DROPPED = ("title", "default")  # names of ours say nothing to a model, and strict servers refuse defaults


class UnreadableError(ValueError):
    """A text is not of the asked shape; the message says where, for a person and for the model alike."""


@cache
def schema_of(shape: type[msgspec.Struct]) -> Mapping[str, Any]:
    """JSON schema of a reply in the strict form that servers constrain with: closed, every property required, no `$defs`."""
    (schema,), definitions = msgspec.json.schema_components((shape,), ref_template="{name}")
    strict: Mapping[str, Any] = _strict(schema, definitions)
    return strict


def unbounded(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same schema without what some servers refuse (fine-tuned models of OpenAI, for one): lengths of texts and lists, and
    places in lists; what had a place may stand anywhere."""
    bare: Mapping[str, Any] = _unbounded(schema)
    return bare


def read(text: str, shape: type[msgspec.Struct]) -> tuple[Any, bool]:
    """The reply in a text, and whether the text had to be mended.

    Raises:
        UnreadableError: no JSON object of this shape can be found in it.
    """
    try:
        return _decoder(shape).decode(text), False
    except (msgspec.MsgspecError, UnicodeEncodeError):
        return _mended(text, shape), True


def is_whole(text: str, shape: type[msgspec.Struct]) -> bool:
    """Whether a text is of the shape as it stands."""
    try:
        _decoder(shape).decode(text)
    except (msgspec.MsgspecError, UnicodeEncodeError):
        return False
    return True


def without_thoughts(text: str) -> str:
    """The text without a leading `<think>` block, which some servers leave in the answer."""
    return _THOUGHTS.sub("", text, count=1) if text.lstrip().startswith("<think>") else text


@cache
def _decoder(shape: type[msgspec.Struct]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(shape)


def _mended(text: str, shape: type[msgspec.Struct]) -> Any:
    import json_repair  # noqa: PLC0415  # 20 ms, and good servers never need it

    start = text.find("{")
    if start < 0:
        raise UnreadableError("there is no JSON object in it")
    found = json_repair.loads(text[start:])
    candidates = found if isinstance(found, list) else [found]  # several objects, or prose between them
    trouble = "there is no JSON object in it"
    for candidate in candidates:
        if isinstance(candidate, dict) and candidate:
            try:
                return msgspec.convert(candidate, shape, strict=False)
            except msgspec.ValidationError as error:
                trouble = str(error)
    raise UnreadableError(trouble)


def _unbounded(node: Any) -> Any:
    if isinstance(node, list):
        return [_unbounded(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _unbounded(value) for key, value in node.items() if key not in {*_BOUNDS, _PLACES, "properties"}}
    if _PLACES in node:
        kept["items"] = _unbounded(reduce(_either, node[_PLACES]))
    if "properties" in node:  # whose names are ours and may be any
        kept["properties"] = {name: _unbounded(one) for name, one in node["properties"].items()}
    return kept


def _either(one: Any, other: Any) -> Any:
    """What two schemas of one form allow together: they differ in the words of their menus only."""
    if isinstance(one, dict):
        return {key: _either(value, other[key]) for key, value in one.items()}
    return [*one, *(word for word in other if word not in one)] if isinstance(one, list) else one


def _strict(node: Any, definitions: Mapping[str, Any], above: tuple[str, ...] = ()) -> Any:
    if isinstance(node, list):
        return [_strict(one, definitions, above) for one in node]
    if not isinstance(node, dict):
        return node
    if (name := node.get("$ref")) is not None:
        if name in above:
            raise TypeError(f"{name} contains itself, which no server can be asked for")
        return _strict(definitions[name], definitions, (*above, name))
    if "properties" in node:
        properties = {name: _strict(one, definitions, above) for name, one in node["properties"].items()}
        kept = {key: value for key, value in node.items() if key not in {*_DROPPED, "properties", "required"}}
        return {**kept, "properties": properties, "required": list(properties), "additionalProperties": False}
    dropped = {*_DROPPED, "items"} if _PLACES in node else _DROPPED  # with both, llama.cpp holds to `items` alone
    return {key: _strict(value, definitions, above) for key, value in node.items() if key not in dropped}
