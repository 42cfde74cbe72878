"""Checks that a program can decide: length, form, language, required and forbidden words, compiled from checklist items.

They are the ground truth beside the judges, who miss corrected defects (arXiv 2609.02859). An item that is not plainly one
of these compiles to nothing and is left to a judge. Asks no model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Literal

from rejoinder.language import UNKNOWN, detect_language, language_code
from rejoinder.language_names import CODES
from rejoinder.records import Record

Kind = Literal[
    "sentences", "words", "paragraphs", "items",
    "bullets", "numbered", "language", "contains", "lacks", "starts", "ends", "json",
]  # fmt: skip
Bound = Literal["most", "least", "exactly"]

_NUMBERS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
}  # fmt: skip
_N = rf"(?P<n>\d{{1,5}}|{'|'.join(_NUMBERS)}|an?\b)"
_UNIT = r"(?:(?:short|full|bullet|list|single)\s+)*(?P<unit>sentence|word|paragraph|bullet|point|item)s?"
_MOST = r"at most|no more than|not more than|up to|maximum(?: of)?|max\.?|within|no longer than|keep it to"
_COUNTED: tuple[tuple[Bound, int, re.Pattern[str]], ...] = (
    ("most", 0, re.compile(rf"(?:{_MOST})\s+{_N}\s+{_UNIT}", re.IGNORECASE)),
    ("most", 0, re.compile(rf"{_N}\s+{_UNIT}\s+(?:or (?:less|fewer)|at most|maximum|max\b)", re.IGNORECASE)),
    ("most", -1, re.compile(rf"(?:under|fewer than|less than|shorter than|below)\s+{_N}\s+{_UNIT}", re.IGNORECASE)),
    ("least", 0, re.compile(rf"(?:at least|no fewer than|no less than|minimum(?: of)?)\s+{_N}\s+{_UNIT}", re.IGNORECASE)),
    ("least", 0, re.compile(rf"{_N}\s+{_UNIT}\s+(?:or more|at least|minimum)", re.IGNORECASE)),
    ("least", 1, re.compile(rf"(?:more than|over|longer than)\s+{_N}\s+{_UNIT}", re.IGNORECASE)),
    ("exactly", 0, re.compile(rf"(?:exactly|precisely)\s+{_N}\s+{_UNIT}", re.IGNORECASE)),
)
"""Bound, what is added to the number (`under 100` is at most 99), and how it is said; the first that fits counts."""
_QUOTED = r"[\"“”'‘’«»`](?P<text>[^\"“”«»`\n]{1,80}?)[\"“”'‘’«»`](?!\w)"
_PLACE = r"(?:the )?(?:exact )?(?:words?|phrase|sentence|line)?\s*"
_LACKS = (
    r"avoids?|without|(?:does not|do not|don['’]t) (?:use|mention|contain|say|include)|never (?:uses?|says?|mentions?)|"
    r"free of|leaves? out|omits?"
)
_CONTAINS = r"contains?|includes?|mentions?|uses?|says?|states?|names?"
_NEAR = r"\b[^\"“'‘`]{0,30}"
_WORDED: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("ends", re.compile(rf"\b(?:ends?|ending|finish(?:es)?|closes?) (?:with|in|on) {_PLACE}{_QUOTED}", re.IGNORECASE)),
    ("starts", re.compile(rf"\b(?:starts?|starting|begins?|opens?) with {_PLACE}{_QUOTED}", re.IGNORECASE)),
    ("lacks", re.compile(rf"\b(?:{_LACKS}){_NEAR}{_QUOTED}", re.IGNORECASE)),
    ("contains", re.compile(rf"\b(?:{_CONTAINS}){_NEAR}{_QUOTED}", re.IGNORECASE)),
)
_NAMED_FORMS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("bullets", re.compile(r"\bbullet(?:ed|s| points?| lists?)?\b", re.IGNORECASE)),
    ("numbered", re.compile(r"\bnumbered (?:list|steps|points)\b", re.IGNORECASE)),
    ("json", re.compile(r"\b(?:valid|only|as|in) json\b", re.IGNORECASE)),
)
_UNITS: dict[str, Kind] = {
    "sentence": "sentences", "word": "words", "paragraph": "paragraphs", "bullet": "items", "point": "items", "item": "items",
}  # fmt: skip
_NOT = re.compile(
    r"\b(?:no(?!\s*,)|not|without|avoids?|never|instead of|rather than|don['’]t|free of)\b[^.?!]{0,24}$", re.IGNORECASE
)
_SPEAKS = r"written|write|answer(?:ed|s)?|respond(?:ed|s)?|repl(?:y|ied|ies)|entirely|only|is|be|response|speak"
_LANGUAGE = re.compile(rf"\b(?:{_SPEAKS}) in (?P<name>[A-Z][a-z]+)\b")
_BULLET_LINE = re.compile(r"^\s*(?:[-*•–]|\d{1,3}[.)])\s+\S", re.MULTILINE)
_NUMBER_LINE = re.compile(r"^\s*\d{1,3}[.)]\s+\S", re.MULTILINE)
_SENTENCE_END = re.compile(r"[.!?。！？…]+[\"'”’)\]]*(?=\s|$)|(?<=[。！？])")
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|etc|vs|Dr|Mr|Mrs|Ms|Prof|St|approx|cf|z\.B|bzw)\.|\bNo\.(?=\s*\d)", re.IGNORECASE)
_WORD = re.compile(r"\w+(?:['’\-]\w+)*")
_WRAPPING = " \t\r\n\"'“”‘’*_`.!?…"


class Check(Record, frozen=True, kw_only=True):
    """One decidable demand on a response."""

    kind: Kind
    bound: Bound | None = None
    """For counts: sentences, words, paragraphs and list items."""
    n: int | None = None
    text: str | None = None
    """The words that must or must not stand there; the ISO 639-1 code of a language."""
    negated: bool = False
    """True where the form must be absent (`no bullet points`)."""


def compile_item(item: str) -> Check | None:
    """The check that a checklist item plainly asks for, or None where only a judge can tell.

    Args:
        item: a yes/no question or a demand in English, such as `Is the answer at most three sentences long?`.
    """
    for read in (_counted, _worded, _language, _form):
        if check := read(item):
            return check
    return None


def holds(check: Check, response: str) -> bool:
    """Whether a response meets the check; an empty response meets none."""
    if not response.strip():
        return False
    if check.kind in _COUNTS:
        return _within(_COUNTS[check.kind](response), check)
    return _FORMS[check.kind](response, check.text or "") is not check.negated


def describe(check: Check) -> str:
    """The check as a checklist item; it compiles to the same check again."""
    if check.kind in _COUNTS:
        words = {"most": "at most", "least": "at least", "exactly": "exactly"}[check.bound or "exactly"]
        return f"Does the response have {words} {check.n} {check.kind}?"
    quoted = f'"{check.text}"'
    return {
        "bullets": f"Does the response use {'no ' if check.negated else ''}bullet points?",
        "numbered": f"Does the response use {'no ' if check.negated else 'a '}numbered list?",
        "language": f"Is the response written in {_language_name(check.text or '')}?",
        "contains": f"Does the response contain {quoted}?",
        "lacks": f"Does the response avoid {quoted}?",
        "starts": f"Does the response start with {quoted}?",
        "ends": f"Does the response end with {quoted}?",
        "json": "Is the response valid JSON?",
    }[check.kind]


def _counted(item: str) -> Check | None:
    for bound, shift, pattern in _COUNTED:
        if found := pattern.search(item):
            word = found["n"].lower()
            number = int(word) if word.isdigit() else _NUMBERS.get(word, 1)  # what is in no list is "a" or "an"
            return Check(kind=_UNITS[found["unit"].lower()], bound=bound, n=number + shift)
    return None


def _worded(item: str) -> Check | None:
    for kind, pattern in _WORDED:
        if (found := pattern.search(item)) and (text := found["text"].strip()):
            if not _NOT.search(item[: found.start()]):
                return Check(kind=kind, text=text)
            return Check(kind="lacks", text=text) if kind == "contains" else None  # "does not end with X" is no check
    return None


def _language(item: str) -> Check | None:
    found = _LANGUAGE.search(item)
    code = language_code(found["name"]) if found else None
    if found is None or code is None or _NOT.search(item[: found.start()]):
        return None
    return Check(kind="language", text=code)


def _form(item: str) -> Check | None:
    for kind, pattern in _NAMED_FORMS:
        if found := pattern.search(item):
            return Check(kind=kind, negated=bool(_NOT.search(item[: found.start()])))
    return None


def _within(count: int, check: Check) -> bool:
    wanted = check.n or 0
    return {"most": count <= wanted, "least": count >= wanted, "exactly": count == wanted}[check.bound or "exactly"]


def _sentences(text: str) -> int:
    """Sentences, where a line of a list or a paragraph without a full stop counts as one."""
    lines = (line.strip() for line in _ABBREVIATION.sub("abbreviation", text).splitlines())
    return sum(sum(bool(_WORD.search(piece)) for piece in _SENTENCE_END.split(line)) for line in lines)


def _paragraphs(text: str) -> int:
    return sum(bool(piece.strip()) for piece in re.split(r"\n\s*\n", text))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _has(text: str, words: str) -> bool:
    """Whole words, in any case; white space in them may be of any length."""
    pattern = r"\s+".join(re.escape(piece) for piece in words.split())
    return re.search(rf"(?<!\w){pattern}(?!\w)", text, re.IGNORECASE) is not None


def _bare(text: str) -> str:
    return " ".join(text.strip(_WRAPPING).casefold().split())


def _spoken(text: str) -> str:
    found = detect_language([text])
    return found if found != UNKNOWN else ""


def _language_name(code: str) -> str:
    return next((name.title() for name, known in CODES.items() if known == code and len(name) > 3), code)


_COUNTS: dict[str, Callable[[str], int]] = {
    "sentences": _sentences,
    "words": lambda text: len(_WORD.findall(text)),
    "paragraphs": _paragraphs,
    "items": lambda text: len(_BULLET_LINE.findall(text)),
}
_FORMS: dict[str, Callable[[str, str], bool]] = {
    "bullets": lambda text, _: len(_BULLET_LINE.findall(text)) >= 2,
    "numbered": lambda text, _: len(_NUMBER_LINE.findall(text)) >= 2,
    "language": lambda text, code: _spoken(text) == code,
    "contains": _has,
    "lacks": lambda text, words: not _has(text, words),
    "starts": lambda text, words: _bare(text).startswith(_bare(words)),
    "ends": lambda text, words: _bare(text).endswith(_bare(words)),
    "json": lambda text, _: _is_json(text),
}
