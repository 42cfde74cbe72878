"""The language of a text, only where it can be told: by its script, then by py3langid for texts that are long enough.

Code blocks, links and quoted identifiers do not count. An unsure answer is None, never a guess.
"""

from __future__ import annotations

import functools
import re
from typing import Any

LEAST_CHARACTERS = 40
"""Below this py3langid guesses."""
LEAST_PROBABILITY = 0.9
"""Below this py3langid is not believed."""

_NOT_PROSE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+|<[^>\n]{1,200}>|[\d_@#$%^&*+=|~\\/{}\[\]()<>\"]+", re.DOTALL)
_READ = 4_000
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


def prose(text: str) -> str:
    """The text without code, links, tags and signs."""
    return " ".join(_NOT_PROSE.sub(" ", text[: 4 * _READ]).split())[:_READ]


def script(text: str) -> str | None:
    """The script that most letters of the prose of `text` are in (kana in a Han text make it `ja`), or None without letters."""
    counts: dict[str, int] = {}
    for character in prose(text)[:1_000]:
        if character.isalpha():
            name = _script_of(ord(character))
            counts[name] = counts.get(name, 0) + 1
    if not counts:
        return None
    if counts.get("ja", 0) * 10 >= counts.get("zh", 0) > 0:
        counts["ja"] = counts.get("ja", 0) + counts.pop("zh")
    return max(sorted(counts), key=lambda name: counts[name])


def language(text: str) -> str | None:
    """ISO 639-1 code, or None where the text is too short or mixed to tell."""
    written = script(text)
    if written in _ONE_LANGUAGE:
        return written
    words = prose(text)
    if written is None or len(words) < LEAST_CHARACTERS:
        return None
    code, probability = _identifier().classify(words)
    return str(code) if float(probability) >= LEAST_PROBABILITY else None


@functools.lru_cache(maxsize=4_096)
def _script_of(point: int) -> str:
    return next((name for name, first, last in _SCRIPTS if first <= point <= last), "other")


@functools.cache
def _identifier() -> Any:
    """py3langid's model with calibrated probabilities; loaded once per process, only where a gate needs it (0.7 s)."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 -- heavy, and most runs never need it

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
