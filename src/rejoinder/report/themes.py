"""Themes of complaints: known kinds told by cues first, then groups that use the same words; the same on every run.

Asks no model. Groups are non-negative factors of a TF-IDF matrix (Lee and Seung 1999), named by the words that set them apart
(weighted log-odds, Monroe, Colaresi and Quinn 2008). What fits neither is counted as scattered.
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

from rejoinder.report.aspects import Found, aspects, assign
from rejoinder.report.complaints import Complaint, quotes
from rejoinder.report.numbers import Counted, Theme, Themes
from rejoinder.report.shares import share
from rejoinder.report.shown import cut
from rejoinder.store import Dataset

Floats = NDArray[np.float64]
FEWEST = 15
"""Below this many complaints there are no themes, only single complaints."""
MOST_THEMES = 5
"""Groups by words, at most: known kinds come first, and a list that nobody reads to its end tells nothing."""
_QUOTES = 3
_WHERE = {"evidence": 0, "turn": 1, "category": 2}
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


@dataclass(frozen=True, slots=True)
class _Group:
    """A theme before it is quoted: its complaints, the most typical first."""

    name: str
    title: str
    words: tuple[str, ...]
    members: tuple[Complaint, ...]
    by_category: int = 0


def themes(annotated: Dataset, complaints: Sequence[Complaint], negatives: int, seed: int) -> Themes:
    """Group the sampled complaints and quote some of each group in context."""
    if len(complaints) < FEWEST:
        return _single(annotated, complaints, negatives)
    found = [assign(one.words, one.said, one.category) for one in complaints]
    known = _known(complaints, found)
    rest = [one for one, aspect in zip(complaints, found, strict=True) if aspect is None]
    groups = [*known, *_unknown(rest, seed)]
    chosen = [_examples(one.members) for one in groups]
    cited = iter(quotes(annotated, [one for some in chosen for one in some]))
    shown = tuple(
        Theme(
            name=one.name,
            title=one.title,
            words=one.words,
            share=share(len(one.members), len(complaints)),
            by_category=one.by_category,
            categories=_categories(one.members),
            quotes=tuple(next(cited) for _ in some),
        )
        for one, some in zip(groups, chosen, strict=True)
    )
    by_category = sum(one.by_category for one in known)
    by_words = sum(len(one.members) for one in groups if not one.name)
    return Themes(
        negatives=negatives,
        sampled=len(complaints),
        themes=shown,
        by_cue=len(complaints) - len(rest) - by_category,
        by_category=by_category,
        by_words=by_words,
        scattered=len(rest) - by_words,
        quotes=(),
        problem=None,
    )


def _single(annotated: Dataset, complaints: Sequence[Complaint], negatives: int) -> Themes:
    return Themes(
        negatives=negatives,
        sampled=len(complaints),
        themes=(),
        by_cue=0,
        by_category=0,
        by_words=0,
        scattered=0,
        quotes=tuple(quotes(annotated, complaints[: 2 * _QUOTES])),
        problem="too-few-complaints",
    )


def _known(complaints: Sequence[Complaint], found: Sequence[Found | None]) -> list[_Group]:
    """One group for each aspect that occurs, the largest first."""
    groups = []
    for index, aspect in enumerate(aspects()):
        held = [(one, where.by) for one, where in zip(complaints, found, strict=True) if where and where.aspect == index]
        if held:
            by_category = sum(by == "category" for _, by in held)
            groups.append(_Group(aspect.name, aspect.title, (), _plainest(held), by_category))
    return sorted(groups, key=lambda one: -len(one.members))


def _plainest(held: Sequence[tuple[Complaint, str]]) -> tuple[Complaint, ...]:
    """Complaints in the order of how well they show their aspect: cue in the evidence first, then of middling length."""
    lengths = [len(one.words) for one, by in held if by == "evidence"] or [len(one.words) for one, _ in held]
    middle = float(np.median(lengths))
    return tuple(one for one, _ in sorted(held, key=lambda some: (_WHERE[some[1]], abs(len(some[0].words) - middle))))


def _unknown(rest: Sequence[Complaint], seed: int) -> list[_Group]:
    """Groups by words among the complaints that no aspect holds."""
    if len(rest) < FEWEST:
        return []
    found = cluster([one.words for one in rest], seed)
    return [_Group("", " · ".join(one.words), one.words, tuple(rest[i] for i in one.members)) for one in found]


def cluster(texts: Sequence[str], seed: int) -> list[Cluster]:
    """Groups of texts that use the same words, the largest first; texts that fit none are left out."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - heavy, and only themes need it

    least = 2 if len(texts) < 200 else 3
    vectorizer = TfidfVectorizer(analyzer=_terms, min_df=least, max_df=0.4, sublinear_tf=True, dtype=np.float64)
    try:
        matrix = vectorizer.fit_transform(texts)
    except ValueError:  # no word occurs in two complaints
        return []
    belongs, likeness = _factors(matrix, min(MOST_THEMES, max(3, len(texts) // 15)), seed)
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


def _examples(members: Sequence[Complaint]) -> list[Complaint]:
    """The most typical complaints of a group that differ in wording and conversation."""
    chosen: list[Complaint] = []
    for candidate in members:
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
