"""Dense features of the situation: how the turn relates to the requests and the response, its shape, and its cues.

Every feature is roughly within [0, 1] and is named, so that a model card can list it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from rejoinder.feedback.cues import cues, find
from rejoinder.feedback.overlap import QUOTES, REPEATS, Dense, Rows, Sets, new_words, quotes, repeats
from rejoinder.feedback.situation import Situation, cut
from rejoinder.feedback.texts import MARK, SINGLE, SPACE, Texts, Words

_ERRORS = ("Traceback", "Error:", "error:", "Exception", "stderr", "exit code", "ERROR", "Error in", ", line ", "undefined")
_CODE = (
    "```", ";\n", "{\n", "def ", "import ", "return ", "</", "();", "#include", "const ", "var ", "println", "print(", "self.",
    "public ", "SELECT ", "function(", "=>", "[0]", "):",
)  # fmt: skip
_LIST = ("\n- ", "\n* ", "\n1.", "\n2.", "\n• ", "\n1)")
_QUOTE_MARKS = ('"', "“", "«", "「")
_QUESTION = ("?", "？", "؟")
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
_COUNTS = ("words", "characters", "one_word", "short", "long", "marks_per_word")
_SHAPE = (
    "lines", "question_marks", "ends_in_question", "exclamation_marks", "ellipsis", "upper_share", "all_caps", "starts_lower",
    "digits", "quotes", "code", "fence", "error_text", "list", "url", "colon_end",
)  # fmt: skip
_TURN = ("second", "third", "turn_number")
_ANSWER = ("asks", "unended", "open_fence", "has_code", "is_list", "length", "short", "declines_head", "declines")
_CROSSED = (
    ("shape.error_text", "answer.has_code"),
    ("shape.code", "answer.has_code"),
    ("shape.short", "answer.asks"),
    ("shape.ends_in_question", "answer.asks"),
    ("shape.ends_in_question", "answer.declines_head"),
    ("shape.short", "answer.declines_head"),
    ("cue.goes_on.any", "answer.unended"),
    ("cue.goes_on.any", "answer.has_code"),
    ("cue.denies.first", "answer.asks"),
    ("cue.agrees.first", "answer.asks"),
    ("cue.doubt.head", "shape.short"),
    ("cue.again.head", "shape.short"),
    ("cue.praise.head", "shape.short"),
    ("cue.changes.head", "response.words_in"),
    ("cue.denies.head", "response.words_in"),
    ("shape.ends_in_question", "response.words_in"),
    ("shape.ends_in_question", "new_words"),
    ("last_request.jaccard", "answer.declines_head"),
    ("last_request.jaccard", "request.short"),
    ("last_request.quads_in", "shape.long"),
    ("last_request.quads_in", "cue.changes.any"),
    ("last_request.quads_jaccard", "last_request.added"),
    ("last_request.quads_jaccard", "shape.ends_in_question"),
    ("last_request.quads_in", "cue.refers.any"),
    ("cue.addresses.any", "shape.ends_in_question"),
    ("cue.addresses.any", "cue.denies.any"),
    ("cue.refers.any", "cue.changes.any"),
    ("cue.refers.any", "shape.ends_in_question"),
    ("cue.thanks.any", "cue.denies.any"),
    ("cue.praise.any", "cue.denies.any"),
    ("cue.agrees.any", "cue.denies.any"),
    ("cue.praise.any", "cue.falls_short.any"),
    ("cue.praise.any", "cue.fails.any"),
    ("cue.thanks.any", "cue.fails.any"),
    ("cue.praise.any", "cue.next_step.any"),
    ("cue.wrong.any", "shape.code"),
    ("cue.fails.any", "answer.has_code"),
    ("answer.declines_head", "new_words"),
    ("script.other_than_response", "shape.short"),
)
"""Pairs whose product is a feature too: a linear model cannot see by itself that "go on" after a cut-off answer complains."""
_WINDOWS = ("any", "head", "first", "tail")


def names() -> tuple[str, ...]:
    """Names of the columns of `dense`, in order."""
    return (*_plain_names(), *(f"{left} x {right}" for left, right in _CROSSED))


def dense(situations: Sequence[Situation]) -> Dense:
    """One row of features for each situation, columns as `names()`; NaN where the response is not known."""
    turns = [cut(s.follow_up) for s in situations]
    spoken = list(dict.fromkeys(chain(turns, (r for s in situations for r in s.requests))))
    answered = list(dict.fromkeys(s.response or "" for s in situations))
    number = {text: i for i, text in enumerate(spoken)}
    answer_number = {text: len(spoken) + i for i, text in enumerate(answered)}
    texts = Texts.of([*spoken, *answered])
    words = texts.words()
    sets = Sets.of(texts, words)
    own = np.array([number[t] for t in turns], dtype=np.int64)
    last = np.array([number[s.requests[0]] for s in situations], dtype=np.int64)
    answers = np.array([answer_number[s.response or ""] for s in situations], dtype=np.int64)
    scripts = _scripts(texts)
    cue_table = _cue_windows(words)
    blocks = [
        _counts(texts, words)[own],
        np.array([_shape(turn) for turn in turns], dtype=np.float32).reshape(len(turns), len(_SHAPE)),
        scripts[own],
        _distance(scripts[own], scripts[last]),
        _distance(scripts[own], scripts[answers]),
        _turns(situations),
        _answers(situations, sets.sizes[answers], cue_table[answers]),
        _repetition(situations, number, sets, own),
        quotes(sets, own, answers),
        _requests([spoken[i] for i in last], sets.sizes[last]),
        new_words(sets, own, last, answers),
        cue_table[own],
    ]
    plain = np.hstack(blocks).astype(np.float32)
    unknown = np.array([s.response is None for s in situations])
    plain[np.ix_(np.flatnonzero(unknown), np.array(_about_answer()))] = np.nan
    return np.hstack([plain, _crossed(plain)])


def _plain_names() -> tuple[str, ...]:
    groups = cues().groups
    return (
        *(f"shape.{n}" for n in (*_COUNTS, *_SHAPE)),
        *(f"script.{n}" for n in (*_SCRIPTS, "other_than_request", "other_than_response")),
        *(f"turn.{n}" for n in _TURN),
        *(f"answer.{n}" for n in _ANSWER),
        *(f"last_request.{n}" for n in REPEATS),
        *(f"any_request.{n}" for n in REPEATS),
        *(f"response.{n}" for n in QUOTES),
        *(f"request.{n}" for n in ("length", "short", "question", "code")),
        "new_words",
        *(f"cue.{group}.{window}" for window in _WINDOWS for group in groups),
    )


def _about_answer() -> list[int]:
    """Columns that need the text of the response."""
    needing = ("answer.", "response.", "script.other_than_response", "new_words")
    return [i for i, name in enumerate(_plain_names()) if name.startswith(needing)]


def _crossed(plain: Dense) -> Dense:
    place = {name: i for i, name in enumerate(_plain_names())}
    left = [place[name] for name, _ in _CROSSED]
    right = [place[name] for _, name in _CROSSED]
    return np.asarray(plain[:, left] * plain[:, right], dtype=np.float32)


def _log(values: NDArray[np.generic], top: float) -> Dense:
    """Logarithm that reaches 1 at `top`."""
    return np.asarray(np.minimum(np.log1p(values) / np.log1p(top), 1.2), dtype=np.float32)


def _counts(texts: Texts, words: Words) -> Dense:
    sizes = words.sizes()
    marks = np.bincount(words.owner[words.kinds == MARK], minlength=words.count)
    lengths = np.bincount(texts.owner[texts.kinds != SPACE], minlength=texts.count)
    columns = [_log(sizes, 200), _log(lengths, 1000), sizes == 1, sizes <= 4, sizes > 60, marks / np.maximum(sizes, 1)]
    return np.column_stack(columns).astype(np.float32)


def _holds(text: str, signs: Sequence[str]) -> float:
    for sign in signs:  # a plain loop: this runs for every turn, and a generator costs three times as much
        if sign in text:
            return 1.0
    return 0.0


def _shape(text: str) -> tuple[float, ...]:
    """What one turn looks like; the order follows `_SHAPE`."""
    text = text.strip()
    opening = text[:200]
    upper = sum(map(str.isupper, opening))
    letters = sum(map(str.isalpha, opening))
    return (
        min(text.count("\n") / 10, 1.0),
        min(sum(map(text.count, _QUESTION)) / 3, 1.0),
        float(text.endswith(_QUESTION)),
        min((text.count("!") + text.count("！")) / 3, 1.0),
        _holds(text, ("...", "…")),
        upper / max(letters, 1),
        float(letters > 3 and upper > 0.8 * letters),
        float(text[:1].islower()),
        float(any(map(str.isdigit, opening))),
        _holds(text, _QUOTE_MARKS),
        _holds(text, _CODE),
        float("```" in text),
        _holds(text, _ERRORS),
        _holds(text, _LIST),
        float("http" in text),
        float(text.endswith((":", "："))),
    )


def _scripts(texts: Texts) -> Dense:
    """Share of each script among the letters, texts x scripts."""
    edges = sorted({edge for ranges in _SCRIPTS.values() for low, high in ranges for edge in (low, high + 1)})
    column = np.full(len(edges) + 1, len(_SCRIPTS))
    for number, ranges in enumerate(_SCRIPTS.values()):
        for low, _ in ranges:
            column[edges.index(low) + 1] = number
    letters = np.flatnonzero((texts.kinds != MARK) & (texts.kinds != SPACE))
    script = column[np.searchsorted(np.array(edges), texts.codes[letters], side="right")]
    width = len(_SCRIPTS) + 1
    table = np.bincount(texts.owner[letters] * width + script, minlength=texts.count * width).reshape(texts.count, width)[
        :, :-1
    ]
    return np.asarray(table / np.maximum(table.sum(axis=1, keepdims=True), 1), dtype=np.float32)


def _distance(left: Dense, right: Dense) -> Dense:
    """Half the L1 distance of two script profiles: 0 same script, 1 different; 0 where one has no letters."""
    spoken = (left.sum(axis=1) > 0) & (right.sum(axis=1) > 0)
    return np.asarray((np.abs(left - right).sum(axis=1) / 2 * spoken)[:, None], dtype=np.float32)


def _turns(situations: Sequence[Situation]) -> Dense:
    number = np.array([s.turn for s in situations], dtype=np.float32)
    return np.column_stack([number == 2, number == 3, _log(number, 20)]).astype(np.float32)


def _answers(situations: Sequence[Situation], sizes: Dense, cue_table: Dense) -> Dense:
    """Columns as `_ANSWER`."""
    groups = cues().groups
    declines = groups.index("declines")
    rows = np.array([_answer(s.response) for s in situations], dtype=np.float32).reshape(len(situations), -1)
    inside = [cue_table[:, len(groups) + declines], cue_table[:, declines]]
    return np.column_stack([rows, _log(sizes, 300), sizes < 25, *inside]).astype(np.float32)


def _answer(text: str | None) -> tuple[float, ...]:
    """Does the answer ask, stop in the middle, leave a code fence open, hold code, hold a list."""
    if text is None or not text.strip():
        return (0.0,) * 5
    text = text.rstrip()
    return (
        _holds(text[-120:], _QUESTION),
        float(text[-1] not in _END and len(text) > 200),
        float(text.count("```") % 2 == 1),
        _holds(text, _CODE),
        _holds(text, _LIST),
    )


def _repetition(situations: Sequence[Situation], number: dict[str, int], sets: Sets, own: Rows) -> Dense:
    """Against the last request, then column by column the closest of all earlier requests."""
    counts = np.array([len(s.requests) for s in situations], dtype=np.int64)
    others = np.array([number[r] for s in situations for r in s.requests], dtype=np.int64)
    table = repeats(sets, np.repeat(own, counts), others)
    first = np.concatenate(([0], np.cumsum(counts)[:-1]))
    return np.hstack([table[first], np.maximum.reduceat(table, first, axis=0)])


def _requests(texts: Sequence[str], sizes: Dense) -> Dense:
    question = [_holds(t, _QUESTION) for t in texts]
    code = [_holds(t, _CODE) for t in texts]
    return np.column_stack([_log(sizes, 300), sizes < 8, question, code]).astype(np.float32)


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
