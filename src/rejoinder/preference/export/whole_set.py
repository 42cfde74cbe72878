"""Rows that fall because of another row: repeats, contradictions, and held-out rows that ask what a training row asks.

Works on small marks, which workers make of the rows; changes no row: it names the places of those that fall when files are
written. Split and users are in `split.py`, what a row tells by itself in `gates.py`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar
from zlib import crc32

from rejoinder.identity import canonical_json, digest
from rejoinder.preference.export.messages import completion
from rejoinder.records import Message, PreferenceExample, Record, Split

NEAR = "near-duplicate"
"""Stands in `dropped_by` where a held-out row asks nearly the same as a training row."""
REPEATED = "repeated"
"""Stands in `dropped_by` where an earlier row is the same."""
CONTRADICTED = "contradicted"
"""Stands in `dropped_by` where an earlier row gives the same answer to the same context the opposite label."""
SKETCH = 64
"""Hashes that stand for a prompt: the smallest ones of its runs of words; the error of the similarity is about 0.06 at 0.8."""
_RUN = 4
_DIGITS = 8
"""Hexadecimal digits of a hash: of equal length, so that their order is that of the numbers."""
_TRIED = 8
"""Smallest hashes by which candidates are looked up."""
_SHARED = 4
"""Of them, how many a candidate must share: of two prompts with 0.8 in common, one pair in a thousand shares fewer, and most
pairs that share one have nothing else in common."""
_CANDIDATES = 20
"""Held-out prompts that one hash may lead to; the first ones: what thousands of prompts share tells none of them apart."""
_LOOKED_AT = 4_000
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]|\w+")

Sketch = str
"""The smallest hashes, in order, without anything between them."""


class RowMark(Record, frozen=True, kw_only=True):
    """What tells whether a row falls because of another one."""

    id: str
    split: Split
    good: bool
    """Whether it has a chosen answer."""
    key: str = ""
    """Hash of kind, context and answers; of an unpaired row without its label, so that contradictions meet. Empty for a row
    that a gate has dropped."""
    asks: Sketch = ""
    """Sketch of what the user said before the judged answer."""


@dataclass(frozen=True, slots=True)
class Fall:
    """Why a row falls: the gate, and one sentence."""

    gate: str
    reason: str


@dataclass(frozen=True)
class MarkRows:
    """One mark for each row, in order."""

    reads: ClassVar[type[Record]] = PreferenceExample
    writes: ClassVar[type[Record]] = RowMark

    def __call__(self, batch: Sequence[PreferenceExample], /) -> Sequence[RowMark]:
        """The marks of a batch; those of dropped rows say nothing."""
        return [_mark(example) for example in batch]


def falls(read: Callable[[], Iterable[RowMark]], least: float = 0.8) -> dict[int, Fall]:
    """The rows that fall, by their place among all rows, from 0; rows that gates have dropped do not count.

    The prompt is all that the user said before the judged answer, its first 4,000 characters. Similarity is Jaccard's, of
    runs of four words, estimated by bottom-64 sketches (Broder 1997). Held-out rows fall and not training rows: they are
    fewer, and what stays held out is unlike what was trained on. Of equal rows the first stands. Memory: some 100 bytes for
    each row and 1 kB for each held-out prompt.

    Args:
        read: gives the marks of all rows anew each time; they are read three times.
        least: similarity from which a held-out row falls, from 0.8 to 1.
    """
    found = _asked_in_training(read, least)
    good: dict[bytes, bool] = {}
    for place, mark in enumerate(read()):
        if mark.key and place not in found:
            key = bytes.fromhex(mark.key)
            if key not in good:
                good[key] = mark.good
            else:
                found[place] = _repeat(mark.good, earlier=good[key])
    return found


def _mark(example: PreferenceExample) -> RowMark:
    good = example.chosen is not None
    if example.dropped_by is not None:
        return RowMark(id=example.id, split=example.split, good=good)
    return RowMark(id=example.id, split=example.split, good=good, key=_key(example), asks=_sketch(example.context))


def _key(example: PreferenceExample) -> str:
    answers = [example.chosen, example.rejected] if example.kind == "pair" else [completion(example)]
    context = [(m.role, m.content) for m in example.context]
    return digest(canonical_json([example.kind, context, answers]))


def _sketch(context: Sequence[Message]) -> Sketch:
    """The smallest hashes of the runs of words in what the user said."""
    text = "\n".join(m.content for m in context if m.role == "user")[:_LOOKED_AT]
    words = _WORD.findall(text.casefold())
    runs = {" ".join(words[i : i + _RUN]) for i in range(max(1, len(words) - _RUN + 1))}
    return "".join(f"{one:0{_DIGITS}x}" for one in sorted({crc32(run.encode("utf-8", "replace")) for run in runs})[:SKETCH])


def _repeat(good: bool, earlier: bool) -> Fall:
    if good is earlier:
        return Fall(REPEATED, "An earlier row of the export has the same context and the same answers.")
    label = "bad" if good else "good"
    return Fall(CONTRADICTED, f"An earlier row of the export calls the same answer to the same context {label}.")


def _asked_in_training(read: Callable[[], Iterable[RowMark]], least: float) -> dict[int, Fall]:
    """Held-out rows whose prompt stands, nearly the same, among the training rows."""
    held: dict[Sketch, list[int]] = {}
    by_hash: dict[str, list[Sketch]] = {}
    for place, mark in _of("held_out", read()):
        if mark.asks not in held:
            for one in _hashes(mark.asks, _TRIED):
                by_hash.setdefault(one, []).append(mark.asks)
        held.setdefault(mark.asks, []).append(place)
    nearest: dict[Sketch, tuple[float, str]] = {}
    for _, mark in _of("train", read()) if held else ():
        for other in _candidates(mark.asks, by_hash, least):
            alike = _alike(mark.asks, other)
            if alike >= least and alike > nearest.get(other, (0.0, ""))[0]:
                nearest[other] = (alike, mark.id)
    return {place: _near(*nearest[asks]) for asks, places in held.items() if asks in nearest for place in places}


def _of(split: Split, marks: Iterable[RowMark]) -> Iterator[tuple[int, RowMark]]:
    return ((place, one) for place, one in enumerate(marks) if one.key and one.split == split)


def _candidates(asks: Sketch, by_hash: dict[str, list[Sketch]], least: float) -> list[Sketch]:
    """Held-out prompts that share enough of the smallest hashes to be compared; a prompt of few hashes shares them all."""
    tried = _hashes(asks, _TRIED)
    shared = Counter(other for one in tried for other in by_hash.get(one, ())[:_CANDIDATES])
    needed = min(_SHARED, math.ceil(least * len(tried)))
    return [other for other, count in shared.items() if count >= needed]


def _near(similarity: float, trained: str) -> Fall:
    return Fall(NEAR, f"The training row {trained} asks nearly the same (similarity {similarity:.2f}).")


def _alike(left: Sketch, right: Sketch) -> float:
    """Jaccard similarity as two sketches tell it: exact for prompts of at most `SKETCH` runs."""
    one, other = {*_hashes(left, SKETCH)}, {*_hashes(right, SKETCH)}
    both, smallest = one & other, sorted(one | other)[:SKETCH]
    return sum(each in both for each in smallest) / len(smallest)


def _hashes(sketch: Sketch, most: int) -> list[str]:
    return [sketch[at : at + _DIGITS] for at in range(0, min(len(sketch), most * _DIGITS), _DIGITS)]
