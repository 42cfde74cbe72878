"""Sparse features: hashed words and characters of the user turn, its edges, and the edges of the response.

Weighting (inverse document frequency, length) is learnt in `training.py` and applied here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from rejoinder.feedback.situation import Situation, cut
from rejoinder.feedback.texts import Texts, Words, counted, salted, without_digits

BITS = 18
BLOCKS = ("words", "characters", "edges", "answer")
RARE = 2
"""Features seen in fewer training turns than this are left out."""
_EDGE = 10
"""Words at each end of a turn whose place is remembered."""


def blocks(situations: Sequence[Situation]) -> tuple[sparse.csr_matrix, ...]:
    """Counts of each block of `BLOCKS`, situations x 2**BITS."""
    turns = without_digits(Texts.of([cut(s.follow_up) for s in situations]))
    words = turns.words()
    answers = without_digits(Texts.of([_edges_of(s.response or "") for s in situations])).words()
    return (_words(words), _characters(turns), _edges(words, _EDGE), _edges(answers, 6))


def weighted(counts: sparse.csr_matrix, frequency: NDArray[np.float32]) -> sparse.csr_matrix:
    """1 + log(count), times inverse document frequency, each row scaled to length one."""
    matrix = counts.copy()
    matrix.data = (1 + np.log(matrix.data)) * frequency[matrix.indices]
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    scale = np.repeat(1 / np.maximum(lengths, 1e-9), np.diff(matrix.indptr))
    matrix.data = (matrix.data * scale).astype(np.float32)
    return matrix


def frequencies(counts: sparse.csr_matrix) -> NDArray[np.float32]:
    """Smoothed inverse document frequency of each bucket, at least 1; 0 for buckets of fewer than `RARE` texts."""
    rows = counts.shape[0]
    documents = np.bincount(counts.indices, minlength=counts.shape[1])
    return np.where(documents < RARE, 0, np.log((1 + rows) / (1 + documents)) + 1).astype(np.float32)


def _edges_of(response: str) -> str:
    """The opening and the closing line of an answer."""
    return response if len(response) <= 200 else f"{response[:100]}\n{response[-100:]}"


def _words(words: Words) -> sparse.csr_matrix:
    found = [words.runs(size) for size in (1, 2, 3)]
    hashes = np.concatenate([hashed for hashed, _ in found])
    owner = np.concatenate([words.owner[first] for _, first in found])
    return counted(hashes, owner, words.count, BITS)


def _characters(texts: Texts) -> sparse.csr_matrix:
    hashes, owners = zip(*texts.grams(2, 5), strict=True)
    return counted(np.concatenate(hashes), np.concatenate(owners), texts.count, BITS)


def _edges(words: Words, reach: int) -> sparse.csr_matrix:
    """Runs at the very start, words near the start, runs at the very end, words near the end, each in its own name space."""
    rank, sizes = words.rank(), words.sizes()
    hashes, owners = [], []
    for size in (1, 2, 3):
        hashed, first = words.runs(size)
        owner = words.owner[first]
        behind = sizes[owner] - rank[first] - size
        near = 3 if size > 2 else reach
        for salt, where in ((1, rank[first] == 0), (2, rank[first] < near), (3, behind == 0), (4, behind < near)):
            hashes.append(salted(hashed[where], salt))
            owners.append(owner[where])
    return counted(np.concatenate(hashes), np.concatenate(owners), words.count, BITS)
