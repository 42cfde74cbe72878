"""The options that name a model and its server, for verbs outside a run; and the door to it that they make."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from rejoinder.cli import asking
from rejoinder.cli.kept_answers import run_through
from rejoinder.errors import UsageError
from rejoinder.gateway import Endpoint, Gateway, Journal
from rejoinder.gateway.prices import load_prices

T = TypeVar("T")

Model = Annotated[str | None, typer.Option(help="Model to ask, as its server names it.", show_default=False)]
BaseUrl = Annotated[str, asking.SERVER]
KeyVariable = Annotated[str, asking.KEY]
InFlight = Annotated[int, asking.AT_ONCE]
JournalFile = Annotated[Path | None, typer.Option("--journal", help="File of paid answers; beside the output when left out.")]


@dataclass(frozen=True)
class Door:
    """One model on one server, with the file that keeps its answers."""

    model: str
    base_url: str
    key_variable: str
    journal: Path

    @classmethod
    def of(cls, model: str | None, base_url: str, key_variable: str, journal: Path | None, beside: Path) -> Door:
        """The door that the options name, its journal `beside` a file where none is named; UsageError for no model."""
        if model is None:
            raise UsageError("this asks a model: name it with --model, and its server with --base-url")
        return cls(model, base_url, key_variable, journal or beside.with_suffix(".journal.sqlite"))

    def through(self, ask: Callable[[Gateway], Awaitable[T]]) -> T:
        """What `ask` gives when it is handed a gateway to the model; a second call asks nothing that is journalled.

        Raises:
            ModelError: the server cannot be used.
        """
        endpoint = Endpoint(self.model, self.base_url, self.key_variable)
        return run_through(Gateway({self.model: endpoint}, Journal(self.journal), prices=load_prices(None)), ask)
