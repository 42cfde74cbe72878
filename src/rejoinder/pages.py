"""Templates of pages: all that they print is escaped, and a name that nobody has given is an error. Writes no page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup


def templates(package: str, tools: Mapping[str, object], plain: Callable[[str], str] | None = None) -> Environment:
    """The templates of a package: HTML, or where `plain` is given another text, in which it escapes what is printed.

    `tools` can be named in all of them; the filter `n` parts thousands.
    """

    def printed(value: Any) -> Any:
        return plain(value) if plain and isinstance(value, str) and not isinstance(value, Markup) else value

    environment = Environment(
        loader=PackageLoader(package),
        autoescape=plain is None,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=printed,
    )
    environment.globals.update(tools)
    environment.filters["n"] = lambda value: f"{value:,}"
    return environment
