"""Scripted models for tests of detection: they read what the prompt shows and answer from labels that the test holds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rejoinder.gateway import Endpoint, Gateway, Journal
from rejoinder.gateway.request import Request
from rejoinder.gateway.scripted import Scripted

Labeller = Callable[[dict[str, Any]], str]
"""From a turn as the prompt shows it to a category."""


def door(folder: Path, script: Callable[[Request], Any]) -> tuple[Gateway, Scripted]:
    """A gateway to a scripted model `m`, and the transport that remembers its requests."""
    scripted = Scripted(script)
    endpoint = Endpoint(model="m", base_url="http://127.0.0.1:9/v1")
    return Gateway({"m": endpoint}, Journal(folder / "journal.sqlite"), transport=scripted), scripted


def ask(stage: Any, records: Sequence[Any], gateway: Gateway) -> list[Any]:
    """What a stage makes of records, each asked by itself."""

    async def work() -> list[Any]:
        async with gateway:
            return [output for record in records for output in await stage(record, gateway)]

    return asyncio.run(work())


def shown(request: Request) -> dict[str, Any]:
    """The document in the user message."""
    found: dict[str, Any] = json.loads(request.messages[1].content)
    return found


def by(label: Labeller, **changed: Any) -> Callable[[Request], str]:
    """A model that answers `DetectPrompt`, with every field that the schema asks for."""

    def answer(request: Request) -> str:
        document = shown(request)
        turns = {turn["turn"]: turn for turn in document["conversation"]}
        entries = [entry_of(request, number, label(turns[number]), **changed) for number in document["label"]]
        return json.dumps({"turns": entries})

    return answer


def entry_of(request: Request, turn: int, category: str, **changed: Any) -> dict[str, Any]:
    """One entry with the fields of the request's schema."""
    assert request.schema is not None
    turns = request.schema["properties"]["turns"]
    fields: Mapping[str, Any] = (turns.get("items") or turns["prefixItems"][0])["properties"]
    plain = {"turn": turn, "about": turn - 1, "evidence": "", "category": category, "rubrics": [], "refusal": False}
    return {key: value for key, value in (plain | {"unsafe": False} | changed).items() if key in fields}


def of_words(turn: dict[str, Any]) -> str:
    """A rule that a test can foresee: `thanks` is praise, `wrong` a complaint, all else nothing."""
    text = turn["user"].lower()
    return "POS" if "thanks" in text else "NEG_AWARE" if "wrong" in text else "NEU"
