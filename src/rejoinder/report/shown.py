"""Text of strangers made fit to be shown: cut, cleaned of what steers a display, quoted around its evidence, escaped.

HTML is escaped by the template engine; here is what that does not cover: control characters, direction overrides, Markdown.
"""

from __future__ import annotations

import re
import unicodedata

ELLIPSIS = "…"
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_SPACE = re.compile(r"\s+")
_MARKDOWN = re.compile(r"([\\`*_\[\]#|~&<>@$]|:(?=//))")
_AUTOLINK = re.compile(r"(?i)\b(www)\.")
_SCAN = 20
"""Characters looked at per character shown: white space may shrink, a megabyte need not be read."""


def cut(text: str, limit: int) -> str:
    """`text` on one line, clean, with at most `limit` characters; an ellipsis marks a cut at the end."""
    line = clean(text[: limit * _SCAN])
    if len(line) <= limit and len(text) <= limit * _SCAN:
        return line
    return line[: limit - 1].rstrip() + ELLIPSIS


def cut_start(text: str, limit: int) -> str:
    """Like `cut`, but keeps the end of the text."""
    line = clean(text[-limit * _SCAN :])
    if len(line) <= limit and len(text) <= limit * _SCAN:
        return line
    return ELLIPSIS + line[len(line) - limit + 1 :].lstrip()


def clean(text: str) -> str:
    """One line without control characters, direction overrides and lone surrogates; what was dropped is seen as U+FFFD."""
    return _one_line(text).strip()


def around(text: str, evidence: str, before: int = 140, after: int = 220, inside: int = 320) -> tuple[str, str, str]:
    """`text` around the first `evidence` in it: what stands before, the evidence, what follows.

    Put together they read as one text, with its spaces. Without evidence, or where it is no substring, all is `before`.
    """
    at = text.find(evidence) if evidence.strip() else -1
    if at < 0:
        return cut(text, before + after + inside), "", ""
    end = at + len(evidence)
    left, right = cut_start(text[:at], before), cut(text[end:], after)
    if left and text[at - 1].isspace():
        left += " "
    if right and text[end].isspace():
        right = " " + right
    return left, cut(evidence, inside), right


def markdown(text: str) -> str:
    """`text` such that Markdown shows it as it is: no link, emphasis, code, HTML or table border comes out of it.

    Holds inside a line; what only works at its start (lists, quotes) is kept off by the template, which never puts text there.
    """
    return _AUTOLINK.sub(r"\1\\.", _MARKDOWN.sub(r"\\\1", _one_line(text)))


def _one_line(text: str) -> str:
    return "".join(_REPLACEMENT if _steers(letter) else letter for letter in _SPACE.sub(" ", text))


def _steers(letter: str) -> bool:
    return letter in _BIDI or unicodedata.category(letter) in ("Cc", "Cs")
