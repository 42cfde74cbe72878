"""A request becomes hashed features: its words with the runs of characters in them, pairs and triples of words, and its ideas.

What a word gives depends on the word alone, so that whoever weighs requests weighs each word once. It knows no weights.
"""

from __future__ import annotations

import re
from functools import cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from rejoinder.preference.unsafe_requests.ideas import IDEAS, named

HASHED = 1 << 18
"""Buckets of words, runs of characters and runs of words."""
COLUMNS = HASHED + len(IDEAS) ** 2
"""One column more for each pair of ideas; an idea with itself stands for the idea."""
_HEAD, _TAIL = 700, 300
"""Characters of a long message that are read: what is wanted stands at its beginning or at its end."""
_PLAIN = re.compile(r"\w+(?:['’]\w+)*")
_ANY = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]|(?:\w|[\u0900-\u0dff])+(?:['’]\w+)*")
"""Thai, kana, Han and Hangul: each character is a word. The signs of Indian scripts belong to their words."""
_OTHER_SCRIPTS = re.compile(r"[\u0900-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_DIGITS = str.maketrans("123456789", "0" * 9)
_IDEAS_COUNT = 1.5
"""What a block of ideas counts against a block of words: ideas carry what is learnt in one language into the others."""
_BORDER = "^"
_STEP = np.uint32(0x9E3779B1)

Columns = NDArray[np.int64]
Values = NDArray[np.float32]


def level(text: str) -> str:
    """The part of a message that is read, in small letters, with one space between words and at the borders."""
    read = text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]} {text[-_TAIL:]}"
    return f" {' '.join(read.lower().split())} "


def words(levelled: str) -> list[str]:
    """The words in reading order, between two borders."""
    pattern = _PLAIN if levelled.isascii() or not _OTHER_SCRIPTS.search(levelled) else _ANY
    return [_BORDER, *pattern.findall(levelled), _BORDER]


def of_whole(word: str) -> int:
    """32 bits of a word; its digits count as 0."""
    return hashed(word.translate(_DIGITS))


def of_word(word: str) -> tuple[Columns, Values]:
    """A word and its runs of three to five characters; the runs together are as long as the word."""
    framed = f"<{word.translate(_DIGITS)}>"
    runs = {framed[at : at + size] for size in (3, 4, 5) for at in range(len(framed) - size + 1)} if len(word) > 1 else set()
    columns = [of_whole(word) % HASHED, *sorted(hashed(run, 1) % HASHED for run in runs)]
    values = [1.0] + [scale(len(runs))] * len(runs)
    return np.array(columns, dtype=np.int64), np.array(values, dtype=np.float32)


def of_runs(hashes: NDArray[np.uint32]) -> Columns:
    """The columns of all pairs and triples of words, each once, from the hashes of the words in reading order."""
    pairs = hashes[:-1] * _STEP + hashes[1:]
    triples = pairs[:-1] * _STEP + hashes[2:]
    mixed = np.concatenate((pairs, triples))
    columns = np.sort((((mixed ^ (mixed >> np.uint32(15))) * _STEP) >> np.uint32(14)).astype(np.int64))
    return columns[np.concatenate(([True], columns[1:] != columns[:-1]))] if len(columns) else columns


def of_ideas(found: NDArray[np.int64]) -> Columns:
    """The columns of ideas and their pairs, from their numbers in ascending order."""
    first, second = np.triu_indices(len(found)) if len(found) > _MANY else _corner(len(found))
    return np.asarray(HASHED + found[first] * len(IDEAS) + found[second], dtype=np.int64)


_MANY = 32


@cache
def _corner(size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    first, second = np.triu_indices(size)
    return first, second


def features(text: str) -> tuple[Columns, Values]:
    """All columns of a text with their values, as training wants them: each of the three blocks is scaled by its size."""
    levelled = level(text)
    said = words(levelled)
    units = [of_word(word) for word in dict.fromkeys(said)]
    runs = of_runs(np.array([of_whole(word) for word in said], dtype=np.uint32))
    pairs = of_ideas(named(levelled, said))
    columns = np.concatenate([*(columns for columns, _ in units), runs, pairs])
    values = [*(values * scale(len(units)) for _, values in units), np.full(len(runs), scale(len(runs)))]
    return columns, np.concatenate([*values, np.full(len(pairs), scale_of_ideas(len(pairs)))]).astype(np.float32)


def scale(size: int) -> float:
    """What each member of a block counts, by the size of the block."""
    return float(max(size, 1) ** -0.5)


def scale_of_ideas(size: int) -> float:
    """What each pair of ideas counts, by their number."""
    return _IDEAS_COUNT * scale(size)


def hashed(text: str, start: int = 0) -> int:
    """32 bits of a text; lone surrogates pass."""
    return crc32(text.encode("utf-8", "surrogatepass"), start)
