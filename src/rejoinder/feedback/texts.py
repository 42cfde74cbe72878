"""Texts become arrays: a batch of strings as normalised code points, words and hashed n-grams, with no loop per character.

Case, accents of Latin and Cyrillic letters, full-width forms and apostrophes are levelled, so that `DON’T`, `don't` and
`dont` are one word. Scripts without spaces (Han, kana, Thai ...) count every character as a word. It knows nothing of feedback.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Codes = NDArray[np.uint32]
Hashes = NDArray[np.uint64]
Indices = NDArray[np.int64]
Owners = NDArray[np.int32]
"""The text that each code point or word belongs to, in order; four bytes, since the memory is what a pass waits for."""
Mask = NDArray[np.bool_]

SPACE, WORD, SINGLE, MARK, DROPPED = 0, 1, 2, 3, 4
"""Kinds of code point: white space, part of a word, a word by itself, punctuation or symbol, not kept."""

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 1 << 64))
_WORD_STEP = np.uint64(0xD6E8FEB86659FD93)
_PLANE = 0x10000
_DIGIT = np.uint32(ord("0"))
_APOSTROPHES = frozenset("'’‘`´ʼ＇")
_NO_SPACES = (
    (0x0E00, 0x0FFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x2E80, 0x31FF),
    (0x3400, 0x9FFF),
    (0xAC00, 0xD7A3),
    (0xF900, 0xFAFF),
)
"""Thai, Lao, Tibetan; Myanmar; Khmer; radicals and kana; Han; Hangul (its endings cling to words); Han compatibility."""


@dataclass(frozen=True, slots=True)
class Texts:
    """A batch of normalised texts in one array; each text stands between two spaces."""

    codes: Codes
    kinds: NDArray[np.uint8]
    owner: Owners
    place: Owners
    """Index of each code point in its original string (-1 for the two border spaces)."""
    count: int

    @classmethod
    def of(cls, strings: Sequence[str]) -> Texts:
        """Normalise `strings`; lone surrogates pass as they are."""
        lengths = np.fromiter((len(s) + 2 for s in strings), dtype=np.int64, count=len(strings))
        padded = "".join(f" {s} " for s in strings).encode("utf-32-le", "surrogatepass")
        raw = np.frombuffer(padded, dtype=np.uint32)
        ends = np.cumsum(lengths)
        owner = np.repeat(np.arange(len(strings), dtype=np.int32), lengths)
        place = np.arange(len(raw), dtype=np.int32) - np.repeat((ends - lengths + 1).astype(np.int32), lengths)
        place[ends - 1] = -1
        codes, kinds = _normalised(raw)
        kept = _kept(kinds, owner)
        return cls(codes[kept], kinds[kept], owner[kept], place[kept], len(strings))

    def words(self) -> Words:
        """Cut the texts into words: runs of letters and digits, single signs, punctuation marks."""
        letter = self.kinds == WORD
        begins = (letter & ~_shifted(letter)) | (self.kinds == SINGLE) | (self.kinds == MARK)
        start = np.flatnonzero(begins)
        ends = np.flatnonzero(letter & ~_shifted(letter, back=True)) + 1
        stop = start + 1
        stop[self.kinds[start] == WORD] = ends
        hashes = _span_hashes(self.codes, start, stop)
        return Words(hashes, start, stop, self.owner[start], self.kinds[start], self.count)

    def grams(self, shortest: int, longest: int) -> Iterator[tuple[Hashes, Owners]]:
        """For each size from `shortest` >= 2: hashes of all runs of as many characters that do not cross a space, with the text
        of each (borders included)."""
        codes, inside = self.codes.astype(np.uint64), self.kinds != SPACE
        value, whole = codes, np.ones(len(codes), dtype=np.bool_)
        for size in range(2, longest + 1):
            value = value[:-1] * _MULTIPLIER + codes[size - 1 :]
            whole = whole[:-1] & (inside[size - 2 : -1] if size > 2 else self.owner[:-1] == self.owner[1:])
            if size >= shortest:
                yield _mixed(value[whole] + np.uint64(size)), self.owner[: len(whole)][whole]


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a batch of texts, as hashes in reading order."""

    hashes: Hashes
    start: Indices
    stop: Indices
    owner: Owners
    kinds: NDArray[np.uint8]
    count: int
    _runs: dict[int, tuple[Hashes, Indices]] = field(default_factory=dict, compare=False, repr=False)

    def rank(self) -> Indices:
        """Number of each word within its text, from 0."""
        sizes = np.bincount(self.owner, minlength=self.count)
        first = np.concatenate(([0], np.cumsum(sizes)[:-1])) if self.count else np.zeros(0, dtype=np.int64)
        return np.asarray(np.arange(len(self.owner)) - first[self.owner], dtype=np.int64)

    def sizes(self) -> Indices:
        """Number of words of each text."""
        return np.bincount(self.owner, minlength=self.count).astype(np.int64)

    def runs(self, size: int) -> tuple[Hashes, Indices]:
        """Hashes of all runs of `size` words within one text, and the index of the first word of each; several features ask."""
        if size not in self._runs:
            self._runs[size] = self._cut(size)
        return self._runs[size]

    def runs_at(self, first: Indices, size: int) -> tuple[Hashes, Indices]:
        """The same for runs that begin with one of the words `first`."""
        first = first[first <= len(self.hashes) - size]
        first = first[self.owner[first] == self.owner[first + size - 1]]
        value = self.hashes[first]
        for offset in range(1, size):
            value *= _WORD_STEP
            value += self.hashes[first + offset]
        return _mixed(value + np.uint64(size)), first

    def _cut(self, size: int) -> tuple[Hashes, Indices]:
        last = max(len(self.hashes) - size + 1, 0)
        value = self.hashes[:last].copy()
        for offset in range(1, size):
            value *= _WORD_STEP
            value += self.hashes[offset : offset + last]
        begin = np.flatnonzero(self.owner[:last] == self.owner[size - 1 :])
        return _mixed(value[begin] + np.uint64(size)), begin


def without_digits(texts: Texts) -> Texts:
    """The same texts with every ASCII digit written as 0, so that numbers of one length are one word."""
    codes = np.where((texts.codes >= _DIGIT) & (texts.codes <= _DIGIT + 9), _DIGIT, texts.codes).astype(np.uint32)
    return Texts(codes, texts.kinds, texts.owner, texts.place, texts.count)


def counted(hashes: Hashes, owner: Owners, rows: int, bits: int) -> sparse.csr_matrix:
    """Counts of hashes, by row and bucket: a sparse matrix of `rows` x 2**bits. `owner` need not be sorted.

    numpy sorts whole numbers several times faster than scipy sorts and adds up the entries of its rows.
    """
    places = (owner.astype(np.int64) << bits) | (hashes >> np.uint64(64 - bits)).astype(np.int64)
    places.sort(kind="stable")
    begins = np.flatnonzero(np.diff(places, prepend=-1))
    counts = np.diff(begins, append=len(places)).astype(np.float32)
    found = places[begins]
    ends = np.searchsorted(found, np.arange(rows + 1) << bits)
    return sparse.csr_matrix((counts, (found & ((1 << bits) - 1)).astype(np.int32), ends), shape=(rows, 1 << bits))


def salted(hashes: Hashes, salt: int) -> Hashes:
    """The same features in another name space: a word at the head is not the word anywhere."""
    return _mixed(hashes + np.array([salt], dtype=np.uint64) * _WORD_STEP)


def _mixed(value: Hashes) -> Hashes:
    """Finaliser of splitmix64, in place: every input bit reaches every output bit."""
    value ^= value >> np.uint64(30)
    value *= np.uint64(0xBF58476D1CE4E5B9)
    value ^= value >> np.uint64(27)
    value *= np.uint64(0x94D049BB133111EB)
    value ^= value >> np.uint64(31)
    return value


def _span_hashes(codes: Codes, start: Indices, stop: Indices) -> Hashes:
    """Hash of each span in constant time, from prefix sums of a polynomial modulo 2**64."""
    powers, inverses = _powers(len(codes).bit_length())
    prefix = np.zeros(len(codes) + 1, dtype=np.uint64)
    np.cumsum(codes * powers[: len(codes)], out=prefix[1:])
    return _mixed((prefix[stop] - prefix[start]) * inverses[start] + (stop - start).astype(np.uint64))


@cache
def _powers(bits: int) -> tuple[Hashes, Hashes]:
    """Powers of the multiplier and of its inverse modulo 2**64, from the power 0, 2**bits of each."""
    factors = np.array([[_MULTIPLIER], [_INVERSE]], dtype=np.uint64)
    steps = np.repeat(factors, 1 << bits, axis=1)
    steps[:, 0] = 1
    powers = np.cumprod(steps, axis=1)
    return powers[0], powers[1]


def _shifted(mask: Mask, *, back: bool = False) -> Mask:
    """The mask moved by one place: is the neighbour before (or behind) set?"""
    moved = np.zeros_like(mask)
    if back:
        moved[:-1] = mask[1:]
    else:
        moved[1:] = mask[:-1]
    return moved


def _kept(kinds: NDArray[np.uint8], owner: Owners) -> Indices:
    """Places that stay: nothing dropped, and one space where several stood in a row."""
    visible = np.flatnonzero(kinds != DROPPED)
    space = kinds[visible] == SPACE
    same = np.zeros(len(visible), dtype=np.bool_)
    same[1:] = owner[visible][1:] == owner[visible][:-1]
    return np.asarray(visible[~(space & _shifted(space) & same)], dtype=np.int64)


def _normalised(raw: Codes) -> tuple[Codes, NDArray[np.uint8]]:
    table_codes, table_kinds = _tables()
    if not len(raw) or raw.max() < _PLANE:
        return table_codes[raw], table_kinds[raw]
    low = np.minimum(raw, _PLANE - 1)
    beyond = raw >= _PLANE
    codes = np.where(beyond, raw, table_codes[low]).astype(np.uint32)
    han = (raw >= 0x20000) & (raw < 0x40000)
    letters = (raw >= 0x10000) & (raw < 0x1B000)
    kinds = np.where(beyond, np.where(han, SINGLE, np.where(letters, WORD, MARK)), table_kinds[low]).astype(np.uint8)
    return codes, kinds


@cache
def _tables() -> tuple[Codes, NDArray[np.uint8]]:
    """For every code point of the basic plane: what it is levelled to, and its kind."""
    codes, kinds = np.zeros(_PLANE, dtype=np.uint32), np.zeros(_PLANE, dtype=np.uint8)
    for point in range(_PLANE):
        sign = _levelled(chr(point))
        codes[point], kinds[point] = ord(sign), _kind(sign)
    codes[kinds == SPACE] = ord(" ")
    return codes, kinds


def _levelled(sign: str) -> str:
    """One sign in lower case, without its accent, in half width; always exactly one sign."""
    if 0xFF01 <= ord(sign) <= 0xFF5E:
        sign = chr(ord(sign) - 0xFEE0)
    lower = sign.lower()
    sign = lower if len(lower) == 1 else sign
    if 0x00C0 <= ord(sign) < 0x0590 or 0x1E00 <= ord(sign) < 0x2000:
        parts = unicodedata.normalize("NFD", sign)
        if all(unicodedata.combining(part) for part in parts[1:]):
            return parts[0]
    return sign


def _kind(sign: str) -> int:
    category, point = unicodedata.category(sign), ord(sign)
    if sign in _APOSTROPHES or category in ("Mn", "Cf", "Cs", "Sk") or (category == "Cc" and not sign.isspace()):
        return MARK if category == "Cs" else DROPPED
    if sign.isspace() or category.startswith("Z"):
        return SPACE
    if category.startswith(("L", "M", "N")) or sign == "_":
        single = any(low <= point <= high for low, high in _NO_SPACES)
        return SINGLE if single else WORD
    return MARK
