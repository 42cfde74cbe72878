"""The language of a text, only where it can be told: by its script, then by the model for texts that are long enough.

Code blocks, links and quoted identifiers do not count. An unsure answer is None, never a guess.
"""

from __future__ import annotations

import functools
import re

from rejoinder.language import identified

LEAST_CHARACTERS = 40
"""Below this the model guesses."""
LEAST_PROBABILITY = 0.8
"""Below this the model is not believed."""

_NOT_PROSE = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+|<[^>\n]{1,200}>"
    r"|^[^\n]*(?:[;{}]|\)\s*:|[=!<>]=|\w\(\w*\)|\w=\S)[^\n\w]*$|^\s*(?:#include|import|from|def|class|return|for|if) [^\n]*$"
    r"|[\d_@#$%^&*+=|~\\/{}\[\]()<>\"]+",
    re.DOTALL | re.MULTILINE,
)
"""Code blocks, inline code, links, tags, lines that end like code or begin like it, signs."""
_READ = 600
_TOLD_BY = 300
"""Characters of prose that decide; more cost time and change next to nothing."""
_LEAST_LETTERS = 4
_TRACE = 0.05
"""Share of a script below which a text is not written in it: names and quotations stay below."""
_SCRIPTS = (
    ("ja", 0x3040, 0x30FF),
    ("ko", 0xAC00, 0xD7AF),
    ("ko", 0x1100, 0x11FF),
    ("zh", 0x3400, 0x9FFF),
    ("th", 0x0E00, 0x0E7F),
    ("he", 0x0590, 0x05FF),
    ("el", 0x0370, 0x03FF),
    ("cyrillic", 0x0400, 0x052F),
    ("arabic", 0x0600, 0x06FF),
    ("devanagari", 0x0900, 0x097F),
    ("latin", 0x0041, 0x024F),
)
_ONE_LANGUAGE = frozenset({"ja", "ko", "zh", "th", "he", "el"})


@functools.lru_cache(maxsize=256)  # several gates ask about the same few texts of a conversation
def prose(text: str) -> str:
    """The text without code, links, tags and signs."""
    return " ".join(_NOT_PROSE.sub(" ", text[: 4 * _READ]).split())[:_READ]


@functools.lru_cache(maxsize=256)
def scripts(text: str) -> dict[str, float]:
    """Share of each script among the letters of the prose of `text`; kana make Han letters count as `ja`. Empty if too few."""
    told_by = prose(text)[:_TOLD_BY]
    if told_by.isascii():  # most texts, and much faster
        return {"latin": 1.0} if sum(map(str.isalpha, told_by)) >= _LEAST_LETTERS else {}
    counts: dict[str, int] = {}
    for character in told_by:
        if character.isalpha():
            name = _script_of(ord(character))
            counts[name] = counts.get(name, 0) + 1
    if counts.get("ja", 0) * 10 >= counts.get("zh", 0) > 0:
        counts["ja"] += counts.pop("zh")
    total = sum(counts.values())
    return {name: n / total for name, n in counts.items()} if total >= _LEAST_LETTERS else {}


def differ(left: str, right: str) -> tuple[str, str] | None:
    """The scripts or languages of two texts where they can be told and differ.

    By script only where neither text holds more than a trace of the other's: mixed texts are no switch.
    """
    one, two = scripts(left), scripts(right)
    if not one or not two:
        return None
    first, second = (max(sorted(shares), key=lambda name: shares[name]) for shares in (one, two))
    if first != second:
        apart = two.get(first, 0) < _TRACE and one.get(second, 0) < _TRACE
        return (first, second) if apart else None
    codes = language(left), language(right)
    return (codes[0], codes[1]) if codes[0] and codes[1] and codes[0] != codes[1] else None


@functools.lru_cache(maxsize=256)
def language(text: str) -> str | None:
    """ISO 639-1 code, or None where the text is too short or mixed to tell."""
    shares = scripts(text)
    if (sure := next((name for name, share in shares.items() if share > 0.5), None)) in _ONE_LANGUAGE:
        return sure
    words = prose(text)
    if not shares or len(words) < LEAST_CHARACTERS:
        return None
    code, probability = identified(words[:_TOLD_BY])
    return code if probability >= LEAST_PROBABILITY else None


@functools.lru_cache(maxsize=4_096)
def _script_of(point: int) -> str:
    return next((name for name, first, last in _SCRIPTS if first <= point <= last), "other")
