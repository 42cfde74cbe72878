"""Whether an answer stops before its end: an open code fence, or a last sentence that its own style would have closed.

Judges by how the text writes its other sentences, so that lists, poems, code and terse answers are left alone.
"""

from __future__ import annotations

import re

from rejoinder.preference import phrases

_END = ".!?…。！？؟।։:\"'”’»)）］】」』*_`~]>|}—"
_FENCE = re.compile(r"^\s*(?:```|~~~)", re.MULTILINE)
_MARKER = re.compile(r"^\s*(?:[-*•+]|\d{1,3}[.)])\s+")
_INNER_END = re.compile(r"[a-zà-ÿа-я]{2}[.!?] +[A-ZÀ-ÞА-Я]|[。！？]")
LEAST_CHARACTERS = 200
"""Shorter answers often go without a full stop."""
_LEAST_WORDS = 8


def cut_off(text: str) -> str | None:
    """How the text shows that it was cut off, as a phrase, or None where it does not show."""
    if len(_FENCE.findall(text)) % 2:
        return "a code block is never closed"
    body = text.rstrip()
    lines = [line.strip() for line in body.splitlines() if line.strip()]
    if len(body) < LEAST_CHARACTERS or not lines or body[-1] in _END:
        return None
    last = lines[-1]
    if last.startswith(("#", "|", "    ")) or not (body[-1].isalpha() or body[-1] in ",;(（，、"):
        return None
    words = last.split()
    if len(words) >= 4 and phrases.find("open-ending", last[-40:]):
        return f"it ends in “{words[-1]}”"
    closes = _closes(lines[:-1], listed=bool(_MARKER.match(last))) or _INNER_END.search(last) is not None
    if closes and (len(words) >= _LEAST_WORDS or _wide(last)):
        return f"it ends in “… {last[-20:]}”"
    return None


def _closes(lines: list[str], *, listed: bool) -> bool:
    """Whether sentences of the same kind (list items or prose) before the last are closed as a rule."""
    same = [
        line for line in lines if bool(_MARKER.match(line)) == listed and (len(line.split()) >= _LEAST_WORDS or _wide(line))
    ]
    return bool(same) and sum(line[-1] in _END for line in same) * 3 >= 2 * len(same)


def _wide(line: str) -> bool:
    """A line of a script without spaces, long enough to be a sentence."""
    return len(line) >= 20 and sum(ch > "⺀" for ch in line) * 2 > len(line)
