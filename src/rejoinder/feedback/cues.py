"""Finds cue phrases of some forty languages (`cues.toml`) in a batch of texts, all phrases at once by their hashes.

A cue is evidence for the model to weigh, not a decision.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from rejoinder.feedback.texts import Hashes, Indices, Texts, Words


@dataclass(frozen=True, slots=True)
class Cues:
    """All phrases, as sorted hashes by number of words, with the set of groups (one bit each) that each belongs to."""

    groups: tuple[str, ...]
    tables: tuple[tuple[int, Hashes, NDArray[np.uint32]], ...]
    """For each number of words: sorted hashes and group sets."""
    openers: NDArray[np.uint32]
    """For the leading 16 bits of a word's hash: the numbers of words (one bit each) of the phrases that may begin with it."""


@dataclass(frozen=True, slots=True)
class Hits:
    """Where cues were found: the first word of each (an index into the words of the batch), its length, and its group."""

    word: Indices
    size: Indices
    group: Indices

    def by_text(self, words: Words, groups: int, where: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
        """Number of hits, texts x groups; `where` masks the words that count."""
        kept = slice(None) if where is None else where[self.word]
        cells = words.owner[self.word[kept]] * groups + self.group[kept]
        table = np.bincount(cells, minlength=words.count * groups).reshape(words.count, groups)
        return table.astype(np.float32)


@cache
def cues() -> Cues:
    """Read `cues.toml` once."""
    groups = tomllib.loads((files("rejoinder.feedback") / "cues.toml").read_text(encoding="utf-8"))
    masks: dict[int, dict[int, int]] = {}
    openers = np.zeros(1 << 16, dtype=np.uint32)
    for bit, by_language in enumerate(groups.values()):
        phrases = [phrase for listed in by_language.values() for phrase in listed]
        for size, hashed, opener in _whole(Texts.of(phrases).words()):
            openers[opener >> np.uint64(48)] |= np.uint32(1 << size)
            known = masks.setdefault(size, {})
            for value in hashed.tolist():
                known[value] = known.get(value, 0) | (1 << bit)
    tables = []
    for size, known in sorted(masks.items()):
        keys = sorted(known)
        tables.append((size, np.array(keys, dtype=np.uint64), np.array([known[k] for k in keys], dtype=np.uint32)))
    return Cues(tuple(groups), tuple(tables), openers)


def find(words: Words) -> Hits:
    """All cues in the texts of `words`, a phrase in several groups once for each."""
    table = cues()
    found_word, found_size, found_group = [], [], []
    opens = table.openers[words.hashes >> np.uint64(48)]
    for size, keys, masks in table.tables:
        hashed, first = words.runs_at(np.flatnonzero(opens & np.uint32(1 << size)), size)
        place = np.minimum(np.searchsorted(keys, hashed), len(keys) - 1)
        hit = np.flatnonzero(keys[place] == hashed)
        bits = masks[place[hit]]
        for bit in range(len(table.groups)):
            chosen = hit[(bits >> np.uint32(bit)) & np.uint32(1) == 1]
            found_word.append(first[chosen])
            found_size.append(np.full(len(chosen), size, dtype=np.int64))
            found_group.append(np.full(len(chosen), bit, dtype=np.int64))
    return Hits(np.concatenate(found_word), np.concatenate(found_size), np.concatenate(found_group))


def _whole(words: Words) -> list[tuple[int, Hashes, Hashes]]:
    """The hash of each phrase as one run and that of its first word, grouped by its number of words."""
    sizes = words.sizes()
    found = []
    for size in sorted(set(sizes.tolist()) - {0}):
        hashed, first = words.runs(size)
        whole = (sizes[words.owner[first]] == size) & (words.rank()[first] == 0)
        found.append((size, hashed[whole], words.hashes[first[whole]]))
    return found
