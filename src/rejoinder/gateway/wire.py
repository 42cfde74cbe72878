"""The OpenAI wire format, both ways: the body of a request, and what stands in the body of a reply.

Reading never raises: a body that is no whole answer gives a `Reply` without a text. Nothing is sent from here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import orjson

from rejoinder.gateway.reading import unbounded
from rejoinder.gateway.request import Reply, Request
from rejoinder.records import Message, Usage

_CONSTRAINED = ("json_schema", "unbounded")
_MOST = 2**53
"""Counts above it are nonsense."""


def address(request: Request) -> str:
    """Where a request goes; rewards stand beside the version, not under it."""
    base = request.base_url.rstrip("/")
    if request.kind == "chat":
        return f"{base}/chat/completions"
    return f"{base.removesuffix('/v1')}/{'classify' if request.template else request.dialect.score}"


def body(request: Request) -> dict[str, Any]:
    """What is sent, as JSON values."""
    if request.kind == "score":
        return _score_body(request)
    dialect = request.dialect
    asked: dict[str, Any] = {"model": request.model, "messages": _messages(request), dialect.tokens: request.max_tokens}
    if dialect.temperature:
        asked["temperature"] = request.temperature
    if dialect.seed and request.temperature > 0:  # without it a second draw could be the first one again, from a cache
        asked["seed"] = request.draw
    if request.schema is not None and dialect.schema in _CONSTRAINED:
        schema = request.schema if dialect.schema == "json_schema" else unbounded(request.schema)
        shape = {"name": request.schema_name, "strict": True, "schema": schema}
        asked["response_format"] = {"type": "json_schema", "json_schema": shape}
    elif request.schema is not None and dialect.schema == "json_object":
        asked["response_format"] = {"type": "json_object"}
    return {**asked, **request.extra}


def reply(status: int, raw: bytes, retry_after: str | None = None) -> Reply:
    """What stands in a body."""
    try:
        told = orjson.loads(raw)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        told = _sglang(told) or {}
    if "error" in told and status == 200:  # routers send the error of the server behind them under their own 200
        status = _inner_status(told["error"])
    if status != 200:
        return Reply(status, raw, error=_error(told, raw), retry_after=retry_after)
    model = told["model"] if isinstance(told.get("model"), str) else ""
    usage = _usage(told.get("usage"))
    if isinstance(told.get("choices"), list):
        return _chat(status, raw, told["choices"], usage, model)
    value = _reward(told.get("data"))
    return Reply(status, raw, "" if value is not None else None, value=value, usage=usage, model=model)


def instruction(schema: Mapping[str, Any]) -> str:
    """The shape in words, for servers that cannot be held to it."""
    return f"Answer with one JSON object and nothing else. It must fit this JSON schema:\n{orjson.dumps(schema).decode()}"


def _messages(request: Request) -> list[dict[str, str]]:
    said = [{"role": message.role, "content": message.content} for message in request.messages]
    if request.schema is None or request.dialect.schema in _CONSTRAINED:
        return said
    words = instruction(request.schema)
    if said and said[0]["role"] == "system":
        return [{"role": "system", "content": f"{said[0]['content']}\n\n{words}"}, *said[1:]]
    return [{"role": "system", "content": words}, *said]


def _score_body(request: Request) -> dict[str, Any]:
    if request.template is not None:
        return {"model": request.model, "text": _rendered(request.template, request.messages), **request.extra}
    said = [{"role": message.role, "content": message.content} for message in request.messages]
    # the raw reward: through a sigmoid, good answers would all be worth nearly 1
    return {"model": request.model, "messages": said, "use_activation": False, **request.extra}


def _rendered(template: str, messages: tuple[Message, ...]) -> str:
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415  # 30 ms, for servers that take no messages

    said = [{"role": message.role, "content": message.content} for message in messages]
    return ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True).from_string(template).render(messages=said)


def _chat(status: int, raw: bytes, choices: list[Any], usage: Usage | None, model: str) -> Reply:
    choice = choices[0] if choices and isinstance(choices[0], dict) else {}
    message = choice.get("message")
    if not isinstance(message, dict):
        return Reply(status, raw, usage=usage, model=model)
    reason, refusal = choice.get("finish_reason"), message.get("refusal")
    return Reply(
        status,
        raw,
        _text(message.get("content")),
        reason if isinstance(reason, str) else "",
        refusal if isinstance(refusal, str) else "",
        usage=usage,
        model=model,
    )


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str))


def _reward(data: Any) -> float | None:
    """The one number in a reply of `/pooling` or `/classify`; the last row where there is one per token."""
    entry = data[0] if isinstance(data, list) and data else None
    numbers = (
        next((entry[key] for key in ("data", "probs", "embedding") if key in entry), None) if isinstance(entry, dict) else None
    )
    while isinstance(numbers, list) and numbers and (len(numbers) == 1 or isinstance(numbers[-1], list)):
        numbers = numbers[-1]
    if isinstance(numbers, int | float) and not isinstance(numbers, bool) and math.isfinite(numbers):
        return float(numbers)
    return None


def _sglang(told: Any) -> dict[str, Any] | None:
    """SGLang's own `/classify` gives a bare list of `{"embedding": [reward]}`."""
    return {"data": told} if isinstance(told, list) else None


def _usage(told: Any) -> Usage | None:
    if not isinstance(told, dict):
        return None
    details = told.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, dict) else None
    read, written = _count(told.get("prompt_tokens")), _count(told.get("completion_tokens", 0))
    if read is None or written is None:
        return None
    return Usage(input_tokens=read, output_tokens=written, cached_tokens=cached or 0)


def _count(told: Any) -> int | None:
    return told if isinstance(told, int) and not isinstance(told, bool) and 0 <= told < _MOST else None


def _inner_status(error: Any) -> int:
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) and 400 <= code < 600 else 502


def _error(told: Mapping[str, Any], raw: bytes) -> str:
    error = told.get("error", told)
    if isinstance(error, dict):
        named = [error.get(field) for field in ("message", "detail", "code", "type", "param")]
        parts = [part if isinstance(part, str) else orjson.dumps(part).decode() for part in named if part]
        if parts:
            return " | ".join(parts)[:1_000]
    return error[:1_000] if isinstance(error, str) else raw[:1_000].decode("utf-8", "replace")
