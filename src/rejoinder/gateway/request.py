"""What goes to a server and what comes back, in no server's own format; and the seam of one method between them.

Nothing here opens a connection, and nothing here decides whether an answer is good.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, Protocol, Self

from rejoinder.identity import fingerprint
from rejoinder.records import Message, Usage

Kind = Literal["chat", "score"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one server wants to be asked, learnt from its refusals; it changes the wire and never the request's key."""

    schema: Literal["json_schema", "unbounded", "json_object", "text"] = "json_schema"
    """How the shape of the reply is asked for: with its bounds, without them (`reading.unbounded`), or also in words."""
    tokens: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    temperature: bool = True
    """False where the server takes no temperature but its own."""
    seed: bool = True
    """False where the server takes no `seed`."""
    score: Literal["pooling", "classify"] = "pooling"
    """Which of its addresses gives rewards."""


@dataclass(frozen=True)
class Request:
    """One request: everything that can change its answer, and a few things that cannot."""

    model: str
    """As the server names it."""
    base_url: str
    messages: tuple[Message, ...]
    schema: Mapping[str, Any] | None = None
    """JSON schema of the reply; None where free text is asked for."""
    schema_name: str = "reply"
    max_tokens: int = 1_024
    temperature: float = 0.0
    draw: int = 0
    """Which of several independent answers to the same request this is."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of the body, such as `chat_template_kwargs`."""
    kind: Kind = "chat"
    template: str | None = None
    """Jinja2 chat template that makes one text of the messages, for reward servers that take text only."""
    # what follows does not change the answer and is not part of the key
    prompt: str = ""
    key_variable: str = ""
    dialect: Dialect = Dialect()

    @cached_property
    def key(self) -> str:
        """Name of the request: equal for two requests exactly if nothing that can change the answer differs."""
        said = [(message.role, message.content) for message in self.messages]
        shape = (self.schema, self.schema_name) if self.schema is not None else None
        asked = (self.kind, self.max_tokens, self.temperature, shape, self.extra, self.draw, self.template)
        return fingerprint("request", (self.model, self.base_url, said, asked))

    def put_in(self, dialect: Dialect) -> Request:
        """The same request, to be written in another dialect; its key is not computed again."""
        if dialect == self.dialect:
            return self
        other = replace(self, dialect=dialect)
        other.__dict__["key"] = self.key
        return other


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server sent, read as far as the envelope: the answer's text is still unread."""

    status: int
    raw: bytes
    """The body as it came, without the key if the server had echoed it."""
    text: str | None = None
    """What the model said; None where the body is not a whole answer."""
    finish_reason: str = ""
    refusal: str = ""
    value: float | None = None
    """The reward, where one was asked for."""
    usage: Usage | None = None
    """None where the server did not count, or counted nonsense."""
    model: str = ""
    error: str = ""
    """What the server says went wrong, with its code."""
    retry_after: str | None = None
    """The header of that name."""


class Transport(Protocol):
    """Carries one request to its server and its reply back; the only seam between Rejoinder and a model."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *error: object) -> None: ...

    async def send(self, request: Request) -> Reply:
        """Send once, without trying again.

        Raises:
            ConnectionRefusedError: nothing listens there.
            OSError: no connection, or it broke.
            WaitingError: the answer will come another way, later.
            ModelError: the request cannot be sent at all, such as for want of a key.
        """
        ...
