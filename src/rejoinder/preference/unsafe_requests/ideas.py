"""Which of the ideas of `concepts.toml` a text names, in any of its languages; what they say of it is not known here."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

LISTED = files("rejoinder.preference").joinpath("unsafe_requests", "concepts.toml").read_bytes()
"""The list as it ships."""
_ENTRIES = {idea: group["words"] for idea, group in tomllib.loads(LISTED.decode()).items()}
IDEAS = tuple(_ENTRIES)
"""Names of the ideas; their numbers are their places here."""
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
"""Thai, kana, Han and Hangul: words without spaces between them, or with endings that cling to them."""


_FIRST = re.compile(r"\w+(?:['’]\w+)*")


def named(levelled: str, words: Sequence[str]) -> NDArray[np.int64]:
    """Numbers of the ideas that a text names, ascending; `levelled` is the text and `words` its words."""
    found = {number for word in words for number in of_word(word)}
    found.update(number for word in words for phrase, number in opened_by(word) if phrase in levelled)
    return np.array(sorted(found | unspaced(levelled)), dtype=np.int64)


def of_word(word: str) -> tuple[int, ...]:
    """The ideas that a word means by itself."""
    whole, begun = _words()
    beginnings = (begun.get(word[:size], ()) for size in range(2, len(word) + 1))
    return tuple({*whole.get(word, ()), *(number for found in beginnings for number in found)})


def opened_by(word: str) -> tuple[tuple[str, int], ...]:
    """(phrase, idea) of the phrases of several words that begin with the word."""
    return tuple(_phrases().get(word, ()))


def unspaced(levelled: str) -> set[int]:
    """The ideas of scripts without spaces, wherever they stand."""
    if levelled.isascii() or not _UNSPACED.search(levelled):
        return set()
    return {_unspaced()[one] for one in _unspaced_pattern().findall(levelled)}


def _entries() -> list[tuple[str, int]]:
    return [(entry, IDEAS.index(idea)) for idea, listed in _ENTRIES.items() for entry in listed]


@cache
def _words() -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Ideas by whole word, and by beginning of a word."""
    whole: dict[str, list[int]] = {}
    begun: dict[str, list[int]] = {}
    for entry, number in _entries():
        if " " not in entry and not _UNSPACED.search(entry):
            (whole if entry.endswith("=") else begun).setdefault(entry.removesuffix("="), []).append(number)
    return whole, begun


@cache
def _phrases() -> dict[str, list[tuple[str, int]]]:
    """(phrase, idea) of several words, by their first word."""
    found: dict[str, list[tuple[str, int]]] = {}
    for entry, number in _entries():
        if " " in entry and not _UNSPACED.search(entry):
            phrase = entry.removesuffix("=")
            found.setdefault(_FIRST.match(phrase)[0], []).append((f" {phrase}", number))  # type: ignore[index]  # none is empty
    return found


@cache
def _unspaced() -> dict[str, int]:
    return {entry.removesuffix("="): number for entry, number in _entries() if _UNSPACED.search(entry)}


@cache
def _unspaced_pattern() -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(_unspaced(), key=len, reverse=True))))
