"""Finds the sentence of a user turn that carries the feedback: the one that the weights hold most telling.

What it returns is cut out of the turn itself, character for character, never composed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rejoinder.feedback import lexical
from rejoinder.feedback.cues import find
from rejoinder.feedback.model import NEGATIVE, Model
from rejoinder.feedback.situation import cut
from rejoinder.feedback.texts import Texts, Words, without_digits

LONGEST = 30
"""Words of the longest quote."""
OPENING = 2.0
"""Vote for the first sentence: people say what was wrong before they say what they want."""
_BORDER = frozenset("。！？；\n")
_BORDER_BEFORE_SPACE = frozenset(".!?;")
"""Inside `main.py`, `2.5` or `a?b` they end nothing."""
_STRIP = " \t\n\r.,;:!。，；：！-–—"


def quotes(turns: Sequence[str], categories: NDArray[np.int64], model: Model) -> list[str]:
    """For each turn the words that speak most for its category, as an exact substring; the whole turn where none stand out."""
    shown = [cut(turn) for turn in turns]
    texts = without_digits(Texts.of(shown))
    words = texts.words()
    votes = _votes(words, categories, model)
    borders = np.searchsorted(words.owner, np.arange(len(turns) + 1))
    found = []
    for number, turn in enumerate(shown):
        low, high = borders[number], borders[number + 1]
        found.append(_quote(turn, turns[number], texts, words, votes, low, high))
    return found


def _votes(words: Words, categories: NDArray[np.int64], model: Model) -> NDArray[np.float64]:
    """How much each word speaks for the category of its turn against neutral, by the weights of the runs it is part of."""
    total = np.zeros(len(words.hashes) + 1)
    for size in (1, 2, 3):
        hashed, first = words.runs(size)
        columns = (hashed >> np.uint64(64 - lexical.BITS)).astype(np.int64)
        sides = categories[words.owner[first]]
        weight = model.coefficients[columns]
        for_it = np.where(sides == 0, weight[:, 0], weight[:, NEGATIVE].max(axis=1))
        gain = (for_it - weight[:, 5]) * model.frequency[columns] / size
        for offset in range(size):
            np.add.at(total, first + offset, gain)
    total = total[:-1]
    hits = find(words)
    np.add.at(total, hits.word, 0.05)
    return total


def _quote(shown: str, whole: str, texts: Texts, words: Words, votes: NDArray[np.float64], low: int, high: int) -> str:
    if low == high:
        return whole.strip()
    start, stop = _best_run(votes[low:high].tolist(), _breaks(shown, texts, words, low, high))
    begin = int(texts.place[words.start[low + start]])
    end = int(texts.place[words.stop[low + stop - 1] - 1]) + 1
    quote = shown[begin:end].strip(_STRIP)
    return quote if quote and quote in whole else whole.strip()


def _breaks(shown: str, texts: Texts, words: Words, low: int, high: int) -> list[bool]:
    """Whether a sentence ends with each word."""
    ends = texts.place[words.stop[low:high] - 1].tolist()
    return [_ends_sentence(shown[end : end + 2]) for end in ends]


def _ends_sentence(sign_and_next: str) -> bool:
    sign, following = sign_and_next[:1], sign_and_next[1:]
    return sign in _BORDER or following == "\n" or (sign in _BORDER_BEFORE_SPACE and (not following or following.isspace()))


def _best_run(votes: list[float], breaks: list[bool]) -> tuple[int, int]:
    """The sentence with the largest vote, as its first and its last word plus one; long ones are cut behind `LONGEST` words.

    A sum would prefer long sentences and a mean single words; the power between them agreed best with annotators' quotes.
    """
    ends = [place + 1 for place, last in enumerate(breaks) if last or place == len(votes) - 1]
    starts = [0, *ends[:-1]]
    values = [sum(votes[a:b]) / (b - a) ** 0.7 + (OPENING if a == 0 else 0) for a, b in zip(starts, ends, strict=True)]
    chosen = values.index(max(values))
    return starts[chosen], min(ends[chosen], starts[chosen] + LONGEST)
