"""The numbers that an audit is made of, as frozen trees: `audit.json` is the tree `Audit`.

Computes nothing but single estimates. Shares lie in [0, 1]; intervals are at the 95 % level and count users, or conversations
where no user is named, as independent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from rejoinder.stats.means import Estimate, clustered_mean, clustered_share


class Figure(msgspec.Struct, frozen=True):
    """A mean or a share with its interval; None where the data allow none."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    clusters: int


class Side(msgspec.Struct, frozen=True):
    """One property of what is to be learnt and of what is to be unlearnt."""

    measure: str
    better: Figure
    """Of the chosen answers of pairs, or of the good ones."""
    worse: Figure
    difference: Figure | None
    """Better less worse, pair by pair where both are known; None where there are no pairs."""


class Counted(msgspec.Struct, frozen=True):
    """How often a name stands on either side."""

    name: str
    better: int
    worse: int


class Leak(msgspec.Struct, frozen=True):
    """How well the answers alone, without request and feedback, tell better from worse."""

    words_auc: Figure
    """Of a bag-of-words model, on rows of users that it was not fitted on."""
    length_auc: Figure
    """Of the number of characters."""
    threshold: float
    alarm: bool
    """True where the whole interval of the words, or of length in either direction, lies beyond the threshold."""
    better_words: tuple[str, ...]
    """Words that say "better" most; each stands in answers to at least five users or conversations."""
    worse_words: tuple[str, ...]
    problem: str = ""
    """Why the words could not be measured; empty where they were."""


class SetAudit(msgspec.Struct, frozen=True):
    """One set of training rows: all mined pairs, the mined good and bad answers, or those of an arm."""

    name: str
    rows: int
    pairs: int
    sides: tuple[Side, ...]
    models: tuple[Counted, ...]
    languages: tuple[Counted, ...]
    leak: Leak | None
    """None where one side is empty."""


class PolarityAudit(msgspec.Struct, frozen=True):
    """Requests and responses that drew one polarity of feedback."""

    polarity: str
    """negative, positive, neutral, or `all` (a random draw: the control)."""
    turns: int
    """In the log; the figures rest on at most a fixed number of them, drawn by the seed."""
    quality: Figure
    """Mean of the criteria met, over those of the request."""
    criteria: dict[str, Figure]
    toxic: Figure
    """Requests or responses that the log's own moderation flagged, among those with a verdict."""
    suspect: Figure
    """Requests that the phrase lists or the embedded classifier name unsafe or a jailbreak."""
    refusals: Figure
    """Responses in clusters of refusals."""
    refusal_phrases: Figure
    """Responses that begin with a refusal of the phrase list."""


class Overlap(msgspec.Struct, frozen=True):
    """How many rows ask what a public benchmark asks."""

    benchmark: str
    file: str
    prompts: int
    same: dict[str, int]
    """Kept rows whose last request is a prompt of the benchmark, case and signs aside; by split."""
    shared: dict[str, int]
    """Others that share a run of eight words with one; by split."""
    rows: dict[str, int]
    """Kept rows, by split."""
    examples: tuple[str, ...]
    """Ids of the first of them."""


class Audit(msgspec.Struct, frozen=True):
    """What `audit.json` holds."""

    sets: tuple[SetAudit, ...]
    polarities: tuple[PolarityAudit, ...]
    rated_by: str
    """Who marked the criteria: a model and its prompt, or the proxy."""
    unrated: int
    """Turns for which the model's marks could not be read."""
    refusal_clusters: int
    clusters: int
    """Clusters of responses, of which `refusal_clusters` hold mostly refusals."""
    overlaps: tuple[Overlap, ...]
    sampled: int
    """Most turns of a polarity, and most rows of a set for the words, that figures rest on."""
    seed: int
    format: int = 1


def figure(estimate: Estimate) -> Figure:
    """An estimate as it is stored: rounded, and without bounds that are no numbers."""
    low, high = (None if math.isnan(bound) else round(bound, 6) for bound in (estimate.low, estimate.high))
    return Figure(round(estimate.value, 6), low, high, estimate.n, estimate.clusters)


def mean(values: Sequence[float], clusters: Sequence[str]) -> Figure:
    """Mean of numbers of any size."""
    return figure(clustered_mean(values, clusters)) if values else Figure(None, None, None, 0, 0)


def share(values: Sequence[float], clusters: Sequence[str]) -> Figure:
    """Mean of numbers in [0, 1]."""
    return figure(clustered_share(values, clusters)) if values else Figure(None, None, None, 0, 0)
