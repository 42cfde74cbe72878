"""Pages that show text of strangers: their templates escape all that they print, as HTML or as Markdown. Writes no page.

HTML is escaped by the template engine; here is what that does not cover: control characters, direction overrides, Markdown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Literal

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_SPACE = re.compile(r"\s+")
_MARKDOWN = re.compile(r"([\\`*_\[\]#|~&<>@$]|:(?=//))")
_AUTOLINK = re.compile(r"(?i)\b(www)\.")


def templates(package: str, form: Literal["html", "markdown"], tools: Mapping[str, object]) -> Environment:
    """The templates of a package that make pages of a form; a name that nobody has given is an error.

    `tools` can be named in all of them; the filter `n` parts thousands.
    """
    environment = Environment(
        loader=PackageLoader(package),
        autoescape=form == "html",
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_printed if form == "markdown" else None,
    )
    environment.globals.update(tools)
    environment.filters["n"] = lambda value: f"{value:,}"
    return environment


def clean(text: str) -> str:
    """One line without control characters, direction overrides and lone surrogates; what was dropped is seen as U+FFFD."""
    return _one_line(text).strip()


def markdown(text: str) -> str:
    """`text` such that Markdown shows it as it is: no link, emphasis, code, HTML or table border comes out of it.

    Holds inside a line; what only works at its start (lists, quotes) is kept off by the template, which never puts text there.
    """
    return _AUTOLINK.sub(r"\1\\.", _MARKDOWN.sub(r"\\\1", _one_line(text)))


def _printed(value: Any) -> Any:
    return markdown(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _one_line(text: str) -> str:
    return "".join(_REPLACEMENT if _steers(letter) else letter for letter in _SPACE.sub(" ", text))


def _steers(letter: str) -> bool:
    return letter in _BIDI or unicodedata.category(letter) in ("Cc", "Cs")
