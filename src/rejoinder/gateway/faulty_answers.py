"""What the faulty server says: an answer that fits the asked schema and depends on nothing but the question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from rejoinder.identity import digest, draw


def answer_to(path: str, asked: Mapping[str, Any], question: str, fault: str | None) -> bytes:
    """The body of an answer; `off-schema` and `wrong-usage` are wrong as their names say."""
    words = sum(len(message["content"].split()) for message in asked.get("messages") or [])
    counted: Any = {"prompt_tokens": words, "completion_tokens": 8, "total_tokens": words + 8}
    if fault == "wrong-usage":
        counted = {"prompt_tokens": -5, "completion_tokens": "many", "total_tokens": None}
    told = {
        "id": f"answer-{question}",
        "object": "chat.completion",
        "created": 0,
        "model": asked.get("model"),
        "usage": counted,
    }
    if not path.endswith("/chat/completions"):
        return orjson.dumps({**told, "object": "list", "data": [{"index": 0, "data": [draw(0, question)]}]})
    text = "I would rather talk about the weather." if fault == "off-schema" else _text(asked, question)
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return orjson.dumps({**told, "choices": [choice]})


def _text(asked: Mapping[str, Any], question: str) -> str:
    form = asked.get("response_format") or {}
    if form.get("type") == "json_schema":
        return orjson.dumps(instance(form["json_schema"]["schema"], question)).decode()
    return f"answer {question}"


def instance(schema: Mapping[str, Any], mark: str) -> Any:
    """A value that fits a schema, drawn from `mark`."""
    if "anyOf" in schema:
        return instance(schema["anyOf"][0], mark)
    if "enum" in schema:
        return schema["enum"][int(draw(0, mark) * len(schema["enum"]))]
    kind = schema.get("type")
    if kind == "object":
        return {name: instance(one, digest(mark.encode(), name.encode())) for name, one in schema["properties"].items()}
    if kind == "array" and "prefixItems" in schema:
        return [instance(one, mark) for one in schema["prefixItems"]]
    if kind == "array":
        return [instance(schema.get("items") or {}, mark)] * max(1, schema.get("minItems", 0))
    plain = {"integer": int(schema.get("minimum", 0)), "number": draw(0, mark), "boolean": draw(0, mark) < 0.5, "null": None}
    return schema.get("const", plain.get(kind or "", f"answer {mark}"))
