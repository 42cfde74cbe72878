"""Themes of complaints: what unhappy users say in the same words, found without a model and the same on every run.

Non-negative factors of a bounded sample's TF-IDF matrix (Lee and Seung 1999). A theme is named by the words that set it
apart (weighted log-odds, Monroe, Colaresi and Quinn 2008); what shares no words with others is counted as scattered.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rejoinder.report.complaints import Complaint, quotes
from rejoinder.report.numbers import Counted, Theme, Themes
from rejoinder.report.shown import cut
from rejoinder.store import Dataset

Floats = NDArray[np.float64]
FEWEST = 15
"""Below this many complaints there are no themes, only single complaints."""
MOST_THEMES = 9
_QUOTES = 3
_NAMED_BY = 4
_LIKENESS = 0.2
"""Cosine of a complaint with its theme below which it counts as scattered; chosen by reading the themes of 563 complaints."""
_ONLY_IN_PAIRS = frozenset(("not", "no", "still", "again", "doesn't", "isn't", "nicht", "pas", "не", "нет"))
"""Words of any complaint: alone they make no theme, beside another word they do (`not compile`)."""
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")


@dataclass(frozen=True, slots=True)
class Cluster:
    """Complaints of one theme by their position in the sample, the most typical first, and the words that name it."""

    members: tuple[int, ...]
    words: tuple[str, ...]


def themes(annotated: Dataset, complaints: Sequence[Complaint], negatives: int, seed: int) -> Themes:
    """Group the sampled complaints and quote some of each group in context."""
    if len(complaints) < FEWEST:
        shown = tuple(quotes(annotated, complaints[: 2 * _QUOTES]))
        return Themes(
            negatives=negatives, sampled=len(complaints), themes=(), scattered=0, quotes=shown, problem="too-few-complaints"
        )
    clusters = cluster([one.words for one in complaints], seed)
    chosen = [_examples(complaints, one) for one in clusters]
    cited = iter(quotes(annotated, [one for some in chosen for one in some]))
    found = tuple(
        Theme(
            words=one.words,
            n=len(one.members),
            share=round(len(one.members) / len(complaints), 6),
            categories=_categories([complaints[i] for i in one.members]),
            quotes=tuple(next(cited) for _ in some),
        )
        for one, some in zip(clusters, chosen, strict=True)
    )
    scattered = len(complaints) - sum(one.n for one in found)
    return Themes(negatives=negatives, sampled=len(complaints), themes=found, scattered=scattered, quotes=(), problem=None)


def cluster(texts: Sequence[str], seed: int) -> list[Cluster]:
    """Groups of texts that use the same words, the largest first; texts that fit none are left out."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - heavy, and only themes need it

    least = 2 if len(texts) < 200 else 3
    vectorizer = TfidfVectorizer(analyzer=_terms, min_df=least, max_df=0.4, sublinear_tf=True, dtype=np.float64)
    try:
        matrix = vectorizer.fit_transform(texts)
    except ValueError:  # no word occurs in two complaints
        return []
    belongs, likeness = _factors(matrix, min(MOST_THEMES, max(3, len(texts) // 40)), seed)
    terms = vectorizer.get_feature_names_out()
    fewest = max(3, len(texts) // 100)
    groups = [np.flatnonzero((belongs == one) & (likeness >= _LIKENESS)) for one in range(belongs.max() + 1)]
    found = [
        Cluster(_typical(members, likeness), _distinctive(matrix, members, terms))
        for members in groups
        if len(members) >= fewest
    ]
    return sorted((one for one in found if one.words), key=lambda one: (-len(one.members), one.words))


def _factors(matrix: Any, themes: int, seed: int) -> tuple[NDArray[np.int64], Floats]:
    """For each text its strongest factor, and the cosine between text and factor."""
    from sklearn.decomposition import NMF  # noqa: PLC0415 - heavy, and only themes need it

    size = min(themes, *matrix.shape)
    model = NMF(size, init="nndsvda", random_state=seed % 2**32, max_iter=400, tol=1e-4)
    weights = model.fit_transform(matrix)
    lengths = np.linalg.norm(model.components_, axis=1)
    belongs = (weights * lengths).argmax(axis=1)
    directions = model.components_ / np.maximum(lengths, 1e-12)[:, None]
    return belongs, np.asarray(matrix.multiply(directions[belongs]).sum(axis=1)).ravel()


def _typical(members: NDArray[np.int64], likeness: Floats) -> tuple[int, ...]:
    return tuple(sorted((int(i) for i in members), key=lambda i: (-round(float(likeness[i]), 6), i)))


def _distinctive(matrix: Any, members: NDArray[np.int64], terms: NDArray[Any]) -> tuple[str, ...]:
    """The words that occur in more texts of the group than elsewhere, by z-score of the smoothed log-odds."""
    present = matrix > 0
    here = np.asarray(present[members].sum(axis=0)).ravel().astype(np.float64)
    total = np.asarray(present.sum(axis=0)).ravel().astype(np.float64)
    texts, size, there = matrix.shape[0], len(members), total - here
    prior = total / texts
    odds = np.log((here + prior) / (size - here + 1)) - np.log((there + prior) / (texts - size - there + 1))
    score = odds / np.sqrt(1 / (here + prior) + 1 / (there + prior))
    score[here < 2] = -np.inf
    named: list[str] = []
    for index in np.lexsort((terms, -score.round(9))):
        if score[index] <= 0 or len(named) == _NAMED_BY:
            break
        if not any(_overlap(terms[index], other) for other in named):
            named.append(str(terms[index]))
    return tuple(cut(word, 40) for word in named)


def _overlap(term: str, other: str) -> bool:
    """Whether one term says the other again: `line` beside `line 3`, or two halves of one unspaced word."""
    if _UNSPACED.search(term):
        return bool(set(term) & set(other))
    return bool(set(term.split()) & set(other.split()))


def _examples(complaints: Sequence[Complaint], one: Cluster) -> list[Complaint]:
    """The most typical complaints of a group that differ in wording and conversation."""
    chosen: list[Complaint] = []
    for candidate in (complaints[i] for i in one.members):
        if len(chosen) == _QUOTES:
            break
        if all(_plain(candidate) != _plain(other) and candidate.conversation != other.conversation for other in chosen):
            chosen.append(candidate)
    return chosen


def _plain(complaint: Complaint) -> str:
    return " ".join(_WORD.findall(complaint.words.lower()))


def _categories(members: Sequence[Complaint]) -> tuple[Counted, ...]:
    counts = Counter(one.category for one in members)
    return tuple(Counted(name=name, count=n, n=len(members)) for name, n in sorted(counts.items(), key=lambda c: (-c[1], c[0])))


def _terms(text: str) -> list[str]:
    """Words and neighbouring pairs of them, without function words; unspaced scripts give their letter pairs."""
    words = [part for word in _WORD.findall(text.lower().replace("’", "'")) for part in _parts(word)]
    kept = [word for word in words if word not in _function_words()]
    single = [word for word in kept if word not in _ONLY_IN_PAIRS]
    return single + [f"{one} {two}" for one, two in pairwise(kept) if not _UNSPACED.search(one + two)]


def _parts(word: str) -> list[str]:
    if not _UNSPACED.search(word):
        return [word] if len(word) > 1 else []
    return [word[i : i + 2] for i in range(len(word) - 1)]


@functools.cache
def _function_words() -> frozenset[str]:
    content = resources.files("rejoinder.report").joinpath("function_words.toml").read_text(encoding="utf-8")
    return frozenset(word for words in tomllib.loads(content).values() for word in words.split())
