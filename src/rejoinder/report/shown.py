"""Text of strangers made fit to be shown: cut, and quoted around its evidence. What it must not hold, `pages` takes out."""

from __future__ import annotations

from rejoinder.pages import clean

ELLIPSIS = "…"
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
