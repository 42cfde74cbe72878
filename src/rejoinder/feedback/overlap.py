"""How far texts repeat one another: sets of words, word runs and character quads, compared row by row.

Repeating a request is the mark of NEG_REPHRASE; quoting a response, of a complaint about it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from rejoinder.feedback.texts import MARK, Texts, Words, counted

Dense = NDArray[np.float32]
Rows = NDArray[np.int64]
REPEATS = (
    "equal", "words_in", "covers", "jaccard", "pairs_in", "quads_in", "quads_cover", "quads_jaccard", "same", "longer",
    "length_ratio", "same_start", "added", "dropped", "parallel",
)  # fmt: skip
QUOTES = ("words_in", "pairs_in", "quads_in", "triples_in", "length_ratio")
_BITS = 22


@dataclass(frozen=True, slots=True)
class Sets:
    """Which words, word pairs, word triples and character quads each text of a batch holds, and its first words."""

    words: sparse.csr_matrix
    pairs: sparse.csr_matrix
    triples: sparse.csr_matrix
    quads: sparse.csr_matrix
    sizes: Dense
    """Number of words."""
    openings: NDArray[np.uint64]
    """Hash of the first three words, 0 where there are fewer."""

    @classmethod
    def of(cls, texts: Texts, words: Words) -> Sets:
        """Sets as sparse matrices of ones, texts x hash buckets."""
        spoken = words.kinds != MARK
        singles = counted(words.runs(1)[0][spoken], words.owner[spoken], words.count, _BITS)
        runs = []
        for size in (2, 3):
            hashed, first = words.runs(size)
            runs.append(counted(hashed, words.owner[first], words.count, _BITS))
        openings = np.zeros(words.count, dtype=np.uint64)
        begins = np.flatnonzero(words.rank()[first] == 0)
        openings[words.owner[first[begins]]] = hashed[begins]
        ((hashed, owner),) = texts.grams(4, 4)
        quads = counted(hashed, owner, texts.count, _BITS)
        for matrix in (singles, *runs, quads):
            matrix.data[:] = 1.0
        return cls(singles, runs[0], runs[1], quads, words.sizes().astype(np.float32), openings)


def repeats(sets: Sets, own: Rows, other: Rows) -> Dense:
    """How far each turn `own` repeats the text `other`; columns as `REPEATS`."""
    inside, covers, jaccard = _shares(sets.words[own], sets.words[other])
    pairs, _, _ = _shares(sets.pairs[own], sets.pairs[other])
    quads, quads_cover, quads_jaccard = _shares(sets.quads[own], sets.quads[other])
    ratio = np.log((1 + sets.sizes[own]) / (1 + sets.sizes[other])) / 4
    added = (1 - inside) * np.diff(sets.words.indptr)[own]
    dropped = (1 - covers) * np.diff(sets.words.indptr)[other]
    opening = (sets.openings[own] == sets.openings[other]) & (sets.openings[own] != 0)
    columns = [
        jaccard >= 0.999,
        inside,
        covers,
        jaccard,
        pairs,
        quads,
        quads_cover,
        quads_jaccard,
        (quads > 0.8) & (quads_cover > 0.5),
        (covers > 0.8) & (ratio > 0),
        np.clip(ratio, -1, 1),
        opening,
        np.minimum(np.log1p(added) / 4, 1),
        np.minimum(np.log1p(dropped) / 4, 1),
        jaccard * (added > 0.5) * (dropped > 0.5),  # the same sentence about something else: a new question, not a repetition
    ]
    return np.column_stack(columns).astype(np.float32)


def quotes(sets: Sets, own: Rows, answers: Rows) -> Dense:
    """How far each turn takes up the words of the response; columns as `QUOTES`."""
    words, _, _ = _shares(sets.words[own], sets.words[answers])
    pairs, _, _ = _shares(sets.pairs[own], sets.pairs[answers])
    quads, _, _ = _shares(sets.quads[own], sets.quads[answers])
    triples, _, _ = _shares(sets.triples[own], sets.triples[answers])
    ratio = np.clip(np.log((1 + sets.sizes[own]) / (1 + sets.sizes[answers])) / 5, -1, 1) * (sets.sizes[answers] > 0)
    return np.column_stack([words, pairs, quads, triples, ratio]).astype(np.float32)


def new_words(sets: Sets, own: Rows, last: Rows, answers: Rows) -> Dense:
    """Share of the turn's words that neither the request nor the response holds, one column."""
    seen = sets.words[last].maximum(sets.words[answers]).tocsr()
    inside, _, _ = _shares(sets.words[own], seen)
    return (1 - inside)[:, None]


def _shares(left: sparse.csr_matrix, right: sparse.csr_matrix) -> tuple[Dense, Dense, Dense]:
    """Share of the left set inside the right, of the right inside the left, and Jaccard, by row."""
    common = np.diff(left.multiply(right).tocsr().indptr)
    size_left, size_right = np.diff(left.indptr), np.diff(right.indptr)
    union = size_left + size_right - common
    parts = (common / np.maximum(size_left, 1), common / np.maximum(size_right, 1), common / np.maximum(union, 1))
    return parts[0].astype(np.float32), parts[1].astype(np.float32), parts[2].astype(np.float32)
