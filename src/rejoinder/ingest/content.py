"""Whatever a log keeps as the content of a message, as text; what is not text becomes a short placeholder.

Knows the part lists of OpenAI, Anthropic, Gemini, ChatGPT and OpenTelemetry; drops nothing, for the caller keeps the original.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import orjson

from rejoinder.records import UNSEEN_PARTS

_TEXT = ("parts", "text", "content", "value", "refusal", "output_text", "input_text", "response", "result", "output")
_PICTURES = ("inline_data", "inlineData", "asset_pointer", "image_url")
_CALLS = frozenset({"tool_use", "tool_call", "function_call", "tool-call"})
_PLACEHOLDERS = (
    ("image", "[image]"),
    ("audio", "[audio]"),
    ("video", "[video]"),
    ("file", "[file]"),
    ("document", "[file]"),
    ("blob", "[file]"),
    ("uri", "[file]"),
)
_THOUGHT = re.compile(r"\s*<(think|thinking)>.*?</\1>\s*(?=\S)", re.DOTALL)
_DEEPEST = 20


def text_of(content: Any, depth: int = 0) -> str:
    """The text in a content of any shape; parts are joined by a line break."""
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    if depth > _DEEPEST or isinstance(content, (bool, int, float)):
        return str(content) if depth <= _DEEPEST else "[nested]"
    if isinstance(content, dict):
        return _text_of_part(content, depth)
    if isinstance(content, (list, tuple)):
        return "\n".join(text for text in (text_of(part, depth + 1) for part in content) if text)
    return str(content)


def without_thought(text: str) -> tuple[str, str]:
    """The block `<think>...</think>` at the very start of an answer, with the white space around it, and the rest.

    The two are the text again when joined. No block: none leads, it is not closed, or nothing stands behind it.
    """
    found = _THOUGHT.match(text)
    return (found.group(), text[found.end() :]) if found else ("", text)


def calls_in(content: Any) -> list[Any]:
    """The parts of a content that are calls of tools."""
    return list(_calls(content)) if isinstance(content, (list, tuple)) else []


def as_json(value: Any) -> str:
    """JSON of anything a decoded row may hold, keys in their order; lone surrogates stay escaped."""
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except (orjson.JSONEncodeError, RecursionError):
        return json.dumps(value, default=str)  # knows what orjson refuses: surrogates, integers beyond 64 bits


def _calls(parts: Any) -> Iterator[Any]:
    return (part for part in parts if isinstance(part, dict) and _kind(part) in _CALLS)


def _kind(part: dict[str, Any]) -> str:
    kind = part.get("type") or part.get("content_type") or ""
    return kind.lower() if isinstance(kind, str) else ""


def _text_of_part(part: dict[str, Any], depth: int) -> str:
    kind = _kind(part)
    if kind in UNSEEN_PARTS or kind in _CALLS or part.get("thought") is True:
        return ""
    placeholder = next((shown for name, shown in _PLACEHOLDERS if name in kind), None)
    if placeholder is None and any(name in part for name in _PICTURES):
        placeholder = "[image]"
    if placeholder is not None:
        return placeholder
    for key in _TEXT:
        if key in part and (part[key] is None or isinstance(part[key], (str, list, dict))):
            return text_of(part[key], depth + 1)
    return f"[{kind}]" if kind else as_json(part) if part else ""
