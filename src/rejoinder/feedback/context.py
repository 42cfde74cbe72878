"""Dense features of the situation: how the turn relates to the requests and the response, its shape, and its cues.

Every feature is roughly within [0, 1] and is named, so that a model card can list it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from rejoinder.feedback.cues import cues, find
from rejoinder.feedback.situation import Situation, cut
from rejoinder.feedback.texts import MARK, SINGLE, SPACE, Texts, Words, counted

Dense = NDArray[np.float32]
_BITS = 22
_ERROR = re.compile(
    r"Traceback|\b\w*(?:Error|Exception)\b[:(]|\bline \d+|at \w+\.\w+\(|\berror:|stderr|exit code", re.IGNORECASE
)
_CODE = re.compile(
    r"```|[;{}]\s*$|^\s*(?:def|class|import|from|return|if|for|while|public|const|let|var|function|#include)\b|</\w+>|\w+\(.*\)",
    re.MULTILINE,
)
_LIST = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s", re.MULTILINE)
_END = frozenset(".!?。！？…)\"'`”」』】}>:;*~|।؟")
_SCRIPTS = {
    "latin": ((0x41, 0x24F),),
    "cyrillic": ((0x400, 0x52F),),
    "han": ((0x3400, 0x9FFF),),
    "kana": ((0x3040, 0x30FF),),
    "hangul": ((0xAC00, 0xD7A3),),
    "arabic": ((0x600, 0x6FF),),
    "indic": ((0x900, 0xDFF),),
    "thai": ((0xE00, 0xE7F),),
}
_SHAPE = (
    "words",
    "characters",
    "one_word",
    "short",
    "long",
    "lines",
    "question_marks",
    "ends_in_question",
    "exclamation_marks",
    "ellipsis",
    "marks_per_word",
    "upper_share",
    "all_caps",
    "starts_lower",
    "digits",
    "quotes",
    "code",
    "fence",
    "error_text",
    "list",
    "url",
    "colon_end",
)
_TURN = ("second", "third", "turn_number")
_ANSWER = (
    "unknown",
    "length",
    "short",
    "asks",
    "unended",
    "open_fence",
    "has_code",
    "is_list",
    "declines_head",
    "declines",
)
_REPEATS = (
    "equal",
    "words_in",
    "covers",
    "jaccard",
    "pairs_in",
    "quads_in",
    "quads_cover",
    "quads_jaccard",
    "same_start",
    "longer",
    "length_ratio",
)
_QUOTES = ("words_in", "pairs_in", "quads_in", "triples_in", "length_ratio")
_WINDOWS = ("any", "head", "first", "tail")


def names() -> tuple[str, ...]:
    """Names of the columns of `dense`, in order."""
    groups = cues().groups
    return (
        *(f"shape.{n}" for n in _SHAPE),
        *(f"script.{n}" for n in (*_SCRIPTS, "other_than_request", "other_than_response")),
        *(f"turn.{n}" for n in _TURN),
        *(f"answer.{n}" for n in _ANSWER),
        *(f"last_request.{n}" for n in _REPEATS),
        *(f"any_request.{n}" for n in _REPEATS),
        *(f"response.{n}" for n in _QUOTES),
        "request.length", "request.question", "request.code", "new_words",
        *(f"cue.{group}.{window}" for window in _WINDOWS for group in groups),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Sets:
    """Which words, word pairs, word triples and character quads each text of the batch holds."""

    words: sparse.csr_matrix
    pairs: sparse.csr_matrix
    triples: sparse.csr_matrix
    quads: sparse.csr_matrix

    @classmethod
    def of(cls, texts: Texts, words: Words) -> _Sets:
        """Sets as sparse matrices of ones, texts x hash buckets."""
        spoken = words.kinds != MARK
        singles = counted(words.runs(1)[0][spoken], words.owner[spoken], words.count, _BITS)
        runs = []
        for size in (2, 3):
            hashed, first = words.runs(size)
            runs.append(_ones(counted(hashed, words.owner[first], words.count, _BITS)))
        hashed, owner = texts.grams(4)
        return cls(_ones(singles), runs[0], runs[1], _ones(counted(hashed, owner, texts.count, _BITS)))


def dense(situations: Sequence[Situation]) -> Dense:
    """One row of features for each situation, columns as `names()`."""
    turns = [cut(s.follow_up) for s in situations]
    known = list(dict.fromkeys([*turns, *(r for s in situations for r in s.requests), *(s.response or "" for s in situations)]))
    number = {text: i for i, text in enumerate(known)}
    texts = Texts.of(known)
    words = texts.words()
    sets = _Sets.of(texts, words)
    own = np.array([number[t] for t in turns], dtype=np.int64)
    answers = np.array([number[s.response or ""] for s in situations], dtype=np.int64)
    last = np.array([number[s.requests[0]] for s in situations], dtype=np.int64)
    scripts = _scripts(texts)
    cue_table = _cue_windows(words)
    sizes = words.sizes().astype(np.float32)
    blocks = [
        _shapes(known, texts, words)[own],
        scripts[own],
        _distance(scripts[own], scripts[last]),
        _distance(scripts[own], scripts[answers]),
        _turns(situations),
        _answers(situations, sizes[answers], cue_table[answers]),
        _repeats(sets, sizes, own, last),
        _repeats_any(situations, number, sets, sizes, own),
        _quotes(sets, sizes, own, answers),
        _requests(known, sizes, last),
        _new_words(sets, own, last, answers),
        cue_table[own],
    ]
    return np.nan_to_num(np.hstack(blocks).astype(np.float32))


def _ones(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    matrix.data[:] = 1.0
    return matrix


def _log(values: NDArray[np.generic], top: float) -> Dense:
    """Logarithm that reaches 1 at `top`."""
    return np.asarray(np.minimum(np.log1p(values) / np.log1p(top), 1.2), dtype=np.float32)


def _shapes(strings: list[str], texts: Texts, words: Words) -> Dense:
    sizes = words.sizes()
    rows = np.array([_shape(text) for text in strings], dtype=np.float32).reshape(len(strings), -1)
    marks = np.bincount(words.owner[words.kinds == MARK], minlength=words.count)
    lengths = np.bincount(texts.owner[texts.kinds != SPACE], minlength=texts.count)
    counts = np.column_stack(
        [
            _log(sizes, 200),
            _log(lengths, 1000),
            sizes == 1,
            sizes <= 4,
            sizes > 60,
            *rows[:, :5].T,
            marks / np.maximum(sizes, 1),
        ]
    )
    return np.hstack([counts, rows[:, 5:]]).astype(np.float32)


def _shape(text: str) -> tuple[float, ...]:
    """What one string looks like; the order follows `_SHAPE` from `lines` on, without `marks_per_word`."""
    text = text.strip()
    questions = text.count("?") + text.count("？") + text.count("؟")
    upper = sum(map(str.isupper, text[:300]))
    letters = sum(map(str.isalpha, text[:300]))
    return (
        min(text.count("\n") / 10, 1.0),
        min(questions / 3, 1.0),
        float(text.endswith(("?", "？", "؟"))),
        min((text.count("!") + text.count("！")) / 3, 1.0),
        float("..." in text or "…" in text),
        upper / max(letters, 1),
        float(letters > 3 and upper > 0.8 * letters),
        float(text[:1].islower()),
        float(any(map(str.isdigit, text[:300]))),
        float('"' in text or "“" in text or "«" in text or "「" in text),
        float(_CODE.search(text) is not None),
        float("```" in text),
        float(_ERROR.search(text) is not None),
        float(_LIST.search(text) is not None),
        float("http" in text),
        float(text.endswith((":", "："))),
    )


def _scripts(texts: Texts) -> Dense:
    """Share of each script among the letters, texts x scripts."""
    table = np.zeros((texts.count, len(_SCRIPTS)), dtype=np.float32)
    for column, ranges in enumerate(_SCRIPTS.values()):
        for low, high in ranges:
            inside = (texts.codes >= low) & (texts.codes <= high) & (texts.kinds != MARK) & (texts.kinds != SPACE)
            table[:, column] += np.bincount(texts.owner[inside], minlength=texts.count)
    return np.asarray(table / np.maximum(table.sum(axis=1, keepdims=True), 1), dtype=np.float32)


def _distance(left: Dense, right: Dense) -> Dense:
    """Half the L1 distance of two script profiles: 0 same script, 1 different; 0 where one has no letters."""
    spoken = (left.sum(axis=1) > 0) & (right.sum(axis=1) > 0)
    return np.asarray((np.abs(left - right).sum(axis=1) / 2 * spoken)[:, None], dtype=np.float32)


def _turns(situations: Sequence[Situation]) -> Dense:
    number = np.array([s.turn for s in situations], dtype=np.float32)
    return np.column_stack([number == 2, number == 3, _log(number, 20)]).astype(np.float32)


def _answers(situations: Sequence[Situation], sizes: Dense, cue_table: Dense) -> Dense:
    groups = cues().groups
    declines = groups.index("declines")
    rows = np.array([_answer(s.response) for s in situations], dtype=np.float32).reshape(len(situations), -1)
    known = np.array([s.response is not None for s in situations])
    columns = [
        ~known,
        _log(sizes, 300),
        known & (sizes < 25),
        rows[:, 0],
        rows[:, 1],
        rows[:, 2],
        rows[:, 3],
        rows[:, 4],
        cue_table[:, len(groups) + declines],
        cue_table[:, declines],
    ]
    return np.column_stack(columns).astype(np.float32)


def _answer(text: str | None) -> tuple[float, ...]:
    """Does the answer ask, stop in the middle, leave a code fence open, hold code, hold a list."""
    if text is None or not text.strip():
        return (0.0,) * 5
    text = text.rstrip()
    return (
        float("?" in text[-120:] or "？" in text[-120:]),
        float(text[-1] not in _END and len(text) > 200),
        float(text.count("```") % 2 == 1),
        float(_CODE.search(text) is not None),
        float(_LIST.search(text) is not None),
    )


def _overlap(left: sparse.csr_matrix, right: sparse.csr_matrix) -> tuple[Dense, Dense, Dense]:
    """Share of the left set inside the right, of the right inside the left, and Jaccard, by row."""
    common = np.asarray(left.multiply(right).sum(axis=1)).ravel()
    size_left, size_right = np.diff(left.indptr), np.diff(right.indptr)
    union = size_left + size_right - common
    parts = (common / np.maximum(size_left, 1), common / np.maximum(size_right, 1), common / np.maximum(union, 1))
    return parts[0].astype(np.float32), parts[1].astype(np.float32), parts[2].astype(np.float32)


def _repeats(sets: _Sets, sizes: Dense, own: NDArray[np.int64], other: NDArray[np.int64]) -> Dense:
    """How far a turn repeats another; columns as `_REPEATS`."""
    inside, covers, jaccard = _overlap(sets.words[own], sets.words[other])
    pairs, _, _ = _overlap(sets.pairs[own], sets.pairs[other])
    quads, quads_cover, quads_jaccard = _overlap(sets.quads[own], sets.quads[other])
    ratio = np.log((1 + sizes[own]) / (1 + sizes[other])) / 4
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
    ]
    return np.column_stack(columns).astype(np.float32)


def _repeats_any(
    situations: Sequence[Situation], number: dict[str, int], sets: _Sets, sizes: Dense, own: NDArray[np.int64]
) -> Dense:
    """The closest of all earlier requests, column by column."""
    rows = np.repeat(np.arange(len(situations)), [len(s.requests) for s in situations])
    others = np.array([number[r] for s in situations for r in s.requests], dtype=np.int64)
    table = _repeats(sets, sizes, own[rows], others)
    best = np.full((len(situations), table.shape[1]), -1.0, dtype=np.float32)
    np.maximum.at(best, rows, table)
    return best


def _quotes(sets: _Sets, sizes: Dense, own: NDArray[np.int64], answers: NDArray[np.int64]) -> Dense:
    words, _, _ = _overlap(sets.words[own], sets.words[answers])
    pairs, _, _ = _overlap(sets.pairs[own], sets.pairs[answers])
    quads, _, _ = _overlap(sets.quads[own], sets.quads[answers])
    triples, _, _ = _overlap(sets.triples[own], sets.triples[answers])
    ratio = np.clip(np.log((1 + sizes[own]) / (1 + sizes[answers])) / 5, -1, 1) * (sizes[answers] > 0)
    return np.column_stack([words, pairs, quads, triples, ratio]).astype(np.float32)


def _requests(strings: list[str], sizes: Dense, last: NDArray[np.int64]) -> Dense:
    texts = [strings[i] for i in last]
    question = [float("?" in t or "？" in t) for t in texts]
    code = [float(_CODE.search(t) is not None) for t in texts]
    return np.column_stack([_log(sizes[last], 300), question, code]).astype(np.float32)


def _new_words(sets: _Sets, own: NDArray[np.int64], last: NDArray[np.int64], answers: NDArray[np.int64]) -> Dense:
    """Share of the turn's words that neither the request nor the response holds."""
    seen = sets.words[last].maximum(sets.words[answers])
    inside, _, _ = _overlap(sets.words[own], seen.tocsr())
    return (1 - inside)[:, None]


def _cue_windows(words: Words) -> Dense:
    """Cues by window of the text: anywhere (log count), within the first six words, as first word, within the last eight."""
    groups = len(cues().groups)
    hits = find(words)
    rank = words.rank()
    back = words.sizes()[words.owner] - rank
    step = np.where(words.kinds == SINGLE, 2, 1)  # a character is about half a word
    head, tail = rank < 6 * step, back <= 8 * step
    anywhere = np.minimum(np.log1p(hits.by_text(words, groups)) / np.log(4), 1)
    windows = [np.minimum(hits.by_text(words, groups, where), 1) for where in (head, rank == 0, tail)]
    return np.hstack([anywhere, *windows]).astype(np.float32)
