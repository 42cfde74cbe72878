"""How each server wants to be asked: learnt from its refusals once, remembered in the journal's file.

A refusal costs nothing. A dialect changes how a request is written, never what it asks, so it is no part of the key.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import msgspec

from rejoinder.gateway.journal import Journal
from rejoinder.gateway.reading import unbounded
from rejoinder.gateway.request import Dialect, Reply, Request
from rejoinder.gateway.verdicts import complaint

_WEAKER: dict[str, Literal["unbounded", "json_object", "text"]] = {
    "json_schema": "unbounded",
    "unbounded": "json_object",
    "json_object": "text",
}


class Dialects:
    """The dialects of all servers of a gateway, by model and address."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._known: dict[tuple[str, str, str], Dialect] = {}
        self._proven: set[tuple[str, str, str, str | None, bool]] = set()

    def of(self, request: Request) -> Dialect:
        """How to put a request now."""
        server = _server(request)
        if server not in self._known:
            self._known[server] = self._remembered(server)
        return self._known[server]

    def confirm(self, request: Request) -> None:
        """The server answered a request put like this: from now on it is the request that is wrong, not the dialect."""
        self._proven.add(_way(request))

    def learn(self, request: Request, reply: Reply) -> bool:
        """Learn from a refusal of `request`; True where there is another way to put it.

        Many requests in flight are refused for the same reason: only the first of them changes the dialect, the others
        find that it is no longer the one that they were put in.
        """
        current = self.of(request)
        if current != request.dialect:
            return True
        if _way(request) in self._proven:
            return False
        changed = _changed(request, complaint(reply))
        if changed is None or changed == current:
            return False
        server = _server(request)
        self._journal.learn(_name(server), msgspec.json.encode(changed).decode())
        self._known[server] = changed
        self._proven.clear()
        return True

    def _remembered(self, server: tuple[str, str, str]) -> Dialect:
        told = self._journal.learnt(_name(server))
        try:
            return msgspec.json.decode(told, type=Dialect) if told else Dialect()
        except msgspec.MsgspecError:  # written by another version: learn it anew, which is free
            return Dialect()


def _server(request: Request) -> tuple[str, str, str]:
    return request.kind, request.base_url, request.model


def _way(request: Request) -> tuple[str, str, str, str | None, bool]:
    """What of a request touches its dialect: its shape, since one has bounds and another none, and whether it has a seed."""
    return *_server(request), None if request.schema is None else request.schema_name, request.temperature > 0


def _name(server: tuple[str, str, str]) -> str:
    return f"dialect {' '.join(server)}"


def _changed(request: Request, wanted: str | None) -> Dialect | None:
    dialect = request.dialect
    if request.kind == "score":
        return replace(dialect, score="classify") if dialect.score == "pooling" and request.template is None else None
    if wanted == "schema" and request.schema is not None and dialect.schema in _WEAKER:
        weaker = _WEAKER[dialect.schema]
        without_effect = weaker == "unbounded" and unbounded(request.schema) == request.schema
        return replace(dialect, schema=_WEAKER[weaker] if without_effect else weaker)
    if wanted == "tokens" and dialect.tokens == "max_tokens":
        return replace(dialect, tokens="max_completion_tokens")
    if wanted == "temperature" and dialect.temperature:
        return replace(dialect, temperature=False)
    if wanted == "seed" and dialect.seed:
        return replace(dialect, seed=False)
    return None
