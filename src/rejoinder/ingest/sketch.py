"""A small record per conversation that says enough to find its duplicates: a chain of hashes and a MinHash signature.

Compares nothing; `duplicates` does, over all sketches at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from rejoinder.records import Conversation, Message, Record

BANDS = 16
ROWS_PER_BAND = 8
BINS = BANDS * ROWS_PER_BAND
"""Two texts of Jaccard similarity 0.9 share a band with probability 0.9999, of 0.5 with 0.06."""
SHINGLE = 32
"""Bytes: about five words, or ten characters of a script without spaces."""
SHORTEST = 200
"""Bytes; shorter texts have no signature: so little text is alike by chance."""
_LONGEST = 1 << 18
_ENOUGH = 1_024
"""Of a long text's hashes about so many, the smallest, decide the minima of all bins."""
_FACTOR = 0x9E3779B1
_EDGES = np.arange(BINS, dtype=np.uint32) << np.uint32(25)


class ConversationSketch(Record, frozen=True, kw_only=True):
    """What duplicates are found by."""

    id: str
    user: str | None = None
    exact: int
    """Hash of the whole conversation: roles and texts, without case and white space."""
    prefixes: tuple[int, ...]
    """The same hash of every beginning of it that ends before its last message."""
    messages: int
    length: int
    """Characters of all messages."""
    answered: bool
    """Whether a user message with an answer is in it."""
    judged: int
    """Signals and alternatives: what the log says about the words, beside the words themselves."""
    bands: tuple[int, ...]
    """The MinHash signature: 128 values of 8 bits, eight to a number; empty for short texts."""


@dataclass(frozen=True)
class Sketch:
    """Sketch conversations, one to one and in order."""

    reads: ClassVar[type[Record]] = Conversation
    writes: ClassVar[type[Record]] = ConversationSketch

    def __call__(self, batch: Sequence[Conversation], /) -> Sequence[ConversationSketch]:
        """One sketch per conversation."""
        return [sketch(conversation) for conversation in batch]


def sketch(conversation: Conversation) -> ConversationSketch:
    """The sketch of one conversation."""
    texts = [" ".join(message.content.lower().split()).encode("utf-8", "replace") for message in conversation.messages]
    chain, last = [], b""
    for message, text in zip(conversation.messages, texts, strict=True):
        last = hashlib.blake2b(last + message.role.encode() + b"\0" + text, digest_size=8).digest()
        chain.append(int.from_bytes(last, "little", signed=True))
    roles = [message.role for message in conversation.messages]
    asked = roles.index("user") if "user" in roles else len(roles)
    return ConversationSketch(
        id=conversation.id,
        user=conversation.user,
        exact=chain[-1],
        prefixes=tuple(chain[:-1]),
        messages=len(texts),
        length=sum(len(message.content) for message in conversation.messages),
        answered="assistant" in roles[asked:],
        judged=sum(_judged(message) for message in conversation.messages),
        bands=_signature(b"\n".join(texts)[:_LONGEST]),
    )


def similarity(left: np.ndarray[Any, Any], right: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Estimated Jaccard similarity of rows of signatures; standard error 0.03 at 0.9.

    Args:
        left, right: bands, shape (n, BANDS), int64.
    """
    same = (np.ascontiguousarray(left).view(np.uint8) == np.ascontiguousarray(right).view(np.uint8)).mean(axis=1)
    estimate: np.ndarray[Any, Any] = (same - 1 / 256) / (1 - 1 / 256)
    return estimate.clip(0, 1)  # values of 8 bits agree by chance once in 256


def _judged(message: Message) -> int:
    if not message.signals and not message.alternatives:
        return 0
    return len(message.signals) + sum(1 + len(sibling.signals) for sibling in message.alternatives)


def _signature(text: bytes) -> tuple[int, ...]:
    """One-permutation MinHash (Li, Owen and Zhang 2012) of all shingles, 8 bits of each minimum (Li and Koenig 2010).

    An empty bin takes the minimum of the next one (Shrivastava and Li 2014).
    """
    if len(text) < SHORTEST:
        return ()
    hashes = _smallest(_shingles(text))
    hashes = (hashes << np.uint32(25)) | (hashes >> np.uint32(7))  # bin in the high bits, where sorting sees it first
    hashes.sort()
    minima = hashes[np.searchsorted(hashes, _EDGES) % len(hashes)]
    return tuple((minima * np.uint32(0x85EBCA6B) >> np.uint32(24)).astype(np.uint8).view(np.int64).tolist())


def _smallest(hashes: np.ndarray[Any, np.dtype[np.uint32]]) -> np.ndarray[Any, np.dtype[np.uint32]]:
    """About `_ENOUGH` of the hashes, and never none: a text that repeats a few words has few that differ."""
    if len(hashes) <= 2 * _ENOUGH:
        return hashes
    small = hashes[hashes < np.uint32(_ENOUGH * 2**32 // len(hashes))]
    return small if _ENOUGH // 2 < len(small) < 2 * _ENOUGH else np.unique(hashes)[:_ENOUGH]


def _shingles(text: bytes) -> np.ndarray[Any, np.dtype[np.uint32]]:
    """A hash of every run of `SHINGLE` bytes, by doubling (runs of 2, 4, 8 ... bytes), mixed as in MurmurHash3."""
    hashes = np.frombuffer(text, np.uint8).astype(np.uint32)
    hashes += np.uint32(1)
    width, factor = 1, _FACTOR
    while width < SHINGLE:
        hashes = hashes[:-width] * np.uint32(factor) + hashes[width:]
        width, factor = 2 * width, factor * factor % 2**32
    for shift, mix in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        hashes ^= hashes >> np.uint32(shift)
        hashes *= np.uint32(mix)
    hashes ^= hashes >> np.uint32(16)
    return hashes
