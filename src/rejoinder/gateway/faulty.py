"""A model server that fails in every way that servers fail, on loopback: `python -m rejoinder.gateway.faulty --help`.

It counts what it received and what was paid, so that a test can tell whether an answer was paid twice. It runs no model:
answers fit the asked schema and depend on the question only.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import orjson

from rejoinder.gateway.faulty_answers import answer_to
from rejoinder.gateway.loop import new_event_loop
from rejoinder.identity import digest, draw

Fault = Literal[
    "wait",  # 429 that says how long
    "wait-silent",  # 429 that does not
    "fail",  # 500
    "hang",  # nothing, until the client goes
    "cut-early",  # the connection ends before the first byte
    "cut",  # the connection ends in the middle of an answer that was paid
    "trickle",  # the answer comes a few bytes at a time, slower than anybody waits
    "malformed",  # 200, and a body that is no JSON
    "truncated",  # 200, and a body that ends too early
    "off-schema",  # a whole answer that is not of the asked shape
    "wrong-usage",  # a whole answer with impossible token counts
]
FAULTS: tuple[Fault, ...] = Fault.__args__  # type: ignore[attr-defined]
SPOILT: frozenset[Fault] = frozenset({"cut", "trickle", "malformed", "truncated", "hang"})
"""Faults after which a provider may send a bill though nobody could read the answer."""
_WORD = re.compile(r'"(\w+)"')


@dataclass(frozen=True)
class Faults:
    """How often each fault happens, and how the server is otherwise."""

    shares: Mapping[Fault, float] = field(default_factory=dict)
    """Share of requests with each fault, drawn from what was asked and for the how-manieth time: runs repeat."""
    latency: float = 0.0
    """Seconds before an answer."""
    retry_after: str = "0.2"
    refuses: tuple[str, ...] = ()
    """Fields that give a 400 by their name (json_schema, json_object, max_tokens, temperature, seed; maxLength or another word
    of a schema) or a 404 (pooling)."""
    key: str = ""
    """The only key that is let in; everybody is where it is empty."""
    seed: int = 0

    def of(self, question: str, time: int) -> Fault | None:
        """The fault that meets a question when it is asked for the n-th time."""
        mark = draw(self.seed, question, str(time))
        for fault in FAULTS:
            mark -= self.shares.get(fault, 0.0)
            if mark < 0:
                return fault
        return None


@dataclass
class Counts:
    """What the server saw, by question: a hash of the messages and the seed."""

    received: Counter[str] = field(default_factory=Counter)
    whole: Counter[str] = field(default_factory=Counter)
    """Whole answers that were sent to the end: a client that asks for the same again pays twice for nothing."""
    spoilt: Counter[str] = field(default_factory=Counter)
    """Answers that may be billed and could not be read: the only excuse for asking again."""
    faults: Counter[str] = field(default_factory=Counter)
    """By the name of the fault, of what was refused (`refused`), and of clients that left before the answer (`left`)."""
    under_way: int = 0
    most_under_way: int = 0


class Faulty:
    """The server; `async with` it on a running loop, or run the module."""

    def __init__(self, faults: Faults, port: int = 0) -> None:
        self.faults, self.counts, self.port = faults, Counts(), port
        self._server: asyncio.Server | None = None

    @property
    def base_url(self) -> str:
        """What an endpoint is given."""
        return f"http://127.0.0.1:{self.port}/v1"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", self.port, backlog=4_096)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._server is not None:
            self._server.close()


class _Connection(asyncio.Protocol):
    """One connection: one request after another."""

    def __init__(self, server: Faulty) -> None:
        self._faults, self._counts = server.faults, server.counts
        self._transport: Any = None
        self._buffer = bytearray()
        self._later: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if self._later is not None:
            self._later.cancel()
            self._done("left")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or self._later is not None:
            return
        head = bytes(self._buffer[:end]).decode("latin-1")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:])}
        stop = end + 4 + int(fields.get("content-length", "0"))
        if len(self._buffer) >= stop:
            body = bytes(self._buffer[end + 4 : stop])
            del self._buffer[:stop]
            self._serve(head.split(" ", 2)[1], fields, body)

    def _serve(self, path: str, fields: Mapping[str, str], body: bytes) -> None:
        if path == "/counts":
            return self._write(200, orjson.dumps(self._counts))
        if self._faults.key and fields.get("authorization") != f"Bearer {self._faults.key}":
            told = f"Incorrect API key provided: {fields.get('authorization', '')}"  # as unkind as some servers are
            return self._refuse(401, told)
        asked = orjson.loads(body)
        if refused := self._refused(path, asked):
            return self._refuse(404 if refused == "pooling" else 400, f"{refused} is not supported by this model")
        question = digest(orjson.dumps([asked.get("messages"), asked.get("seed")]))
        self._counts.received[question] += 1
        self._counts.under_way += 1
        self._counts.most_under_way = max(self._counts.most_under_way, self._counts.under_way)
        fault = self._faults.of(question, self._counts.received[question]) if self._faults.shares else None
        self._after(self._faults.latency, lambda: self._answer(path, asked, question, fault))
        return None

    def _refused(self, path: str, asked: Mapping[str, Any]) -> str | None:
        if not self._faults.refuses:
            return None
        wanted = asked.get("response_format") or {}
        named = {*asked, *_WORD.findall(orjson.dumps(wanted).decode())}
        return next((name for name in self._faults.refuses if name in named or name in path), None)

    def _refuse(self, status: int, told: str) -> None:
        self._counts.faults["refused"] += 1
        self._write(status, orjson.dumps({"error": {"message": told, "type": "invalid_request_error"}}))

    def _answer(self, path: str, asked: Mapping[str, Any], question: str, fault: Fault | None) -> None:
        """Answer, or fail as drawn."""
        if fault is not None and fault in SPOILT:
            self._counts.spoilt[question] += 1
        if fault == "hang":
            return self._after(3_600.0, lambda: self._done("hang"))
        if fault in {"wait", "wait-silent"}:
            told = {"Retry-After": self._faults.retry_after} if fault == "wait" else {}
            self._write(429, b'{"error": {"message": "Rate limit reached"}}', told)
        elif fault == "fail":
            self._write(500, b'{"error": {"message": "The server had an error"}}')
        elif fault == "cut-early":
            self._transport.abort()
        else:
            body = answer_to(path, asked, question, fault)
            if fault == "trickle":
                return self._trickle(_head(200, len(body)) + body)
            self._send(body, question, fault)
        return self._done(fault)

    def _send(self, body: bytes, question: str, fault: Fault | None) -> None:
        if fault == "cut":
            self._transport.write(_head(200, len(body)) + body[: len(body) // 2])
            self._transport.close()
        elif fault == "malformed":
            self._write(200, b"<html>" + body[1:])
        elif fault == "truncated":
            self._write(200, body[: len(body) * 2 // 3])
        else:
            self._counts.whole[question] += 1
            self._write(200, body)

    def _trickle(self, rest: bytes) -> None:
        self._transport.write(rest[:2])
        if len(rest) > 2:
            self._after(0.2, lambda: self._trickle(rest[2:]))
        else:
            self._done("trickle")

    def _after(self, seconds: float, then: Callable[[], None]) -> None:
        self._later = asyncio.get_running_loop().call_later(seconds, then)

    def _done(self, what: str | None) -> None:
        self._later = None
        self._counts.under_way -= 1
        if what is not None:
            self._counts.faults[what] += 1
        if self._buffer:
            self.data_received(b"")

    def _write(self, status: int, body: bytes, fields: Mapping[str, str] | None = None) -> None:
        self._transport.write(_head(status, len(body), fields) + body)


def _head(status: int, length: int, fields: Mapping[str, str] | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status} X", "Content-Type: application/json", f"Content-Length: {length}"]
    lines += [f"{name}: {value}" for name, value in (fields or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def serve(faults: Faults, port: int) -> None:
    """Serve until the process ends; the first line that it prints is the base URL."""
    async with Faulty(faults, port) as server:
        print(server.base_url, flush=True)
        await asyncio.Event().wait()


def main(arguments: list[str]) -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser("rejoinder.gateway.faulty", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before an answer")
    parser.add_argument("--retry-after", default="0.2", help="the header of a 429, in seconds or as a date")
    parser.add_argument("--refuses", nargs="*", default=(), help="fields that give a 400, such as json_schema")
    parser.add_argument("--key", default="", help="the only key that is let in")
    parser.add_argument("--seed", type=int, default=0)
    for fault in FAULTS:
        parser.add_argument(f"--{fault}", type=float, default=0.0, metavar="SHARE")
    told = parser.parse_args(arguments)
    shares: dict[Fault, float] = {fault: getattr(told, fault.replace("-", "_")) for fault in FAULTS}
    faults = Faults(
        {fault: share for fault, share in shares.items() if share},
        told.latency,
        told.retry_after,
        tuple(told.refuses),
        told.key,
        told.seed,
    )
    loop = new_event_loop()
    loop.run_until_complete(serve(faults, told.port))


if __name__ == "__main__":
    main(sys.argv[1:])
