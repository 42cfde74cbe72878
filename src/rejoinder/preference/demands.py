"""What a complaint asks for that can be checked without a model: length, language, quoted words, numbers, words to leave out.

Anything less sure is not checked: an unmet demand drops a pair, so it has to be one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rejoinder.checks import compile_item, holds
from rejoinder.preference import phrases
from rejoinder.preference.language import language
from rejoinder.preference.language_demand import languages_demanded

_LONGEST_COMPLAINT = 400
"""Longer complaints are mostly pasted code, errors and documents: their quotes and numbers are no demands."""
_QUOTED = re.compile(r"[\"“”«»「『]([^\"“”«»「」『』\n]{2,60})[\"“”«»」』]")
_COUNTED = r"(?:words?|sentences?|lines?|points?|bullets?|items?|paragraphs?|steps?|examples?|characters?|letters?|pages?)\b"
_NUMBER = re.compile(rf"(?<![\w.,:/])\d(?:[\d.,]{{0,8}})\d(?![\w.,:/]*\d)(?!\s*{_COUNTED})", re.IGNORECASE)
"""Two digits or more that should stand in the answer; not those that say how long it may be."""
_CODE = re.compile(r"```|Traceback|\bError\b|Exception|\bFile\b.*\bline\b|[{};]\s*$|^>>>|^(?:[^,\n]+,){3}", re.MULTILINE)
_FORBIDDEN = re.compile(
    r"\b(?:without(?: using)?|(?:do not|don[’']?t|never|stop) (?:use|using|import|importing))"
    r" (?:the |any |that )?(?P<lead>words? |term |[a-z]+ (?=\w+ (?:package|library|module)\b))?[`*]*"
    r"(?P<word>[a-z_][\w.+#]*[\w+#])[`*]*(?P<kind> (?:package|library|module|lib)\b)?"
    r"(?=\s*(?:[,.;:!?)]|$|please\b|(?:this|next) time\b|and\b|but\b|or\b|instead\b))",
    re.IGNORECASE | re.MULTILINE,
)
"""One token, at the end of its clause: "without the re package", "don't use numpy"."""
_NO_NAMES = """
it that this them these those one ones any anything all so such him her me us you being doing using asking thinking loss
exception fail delay doubt question success luck problem problems issues errors error warning further more too again
"""
_NO_NAME = frozenset(_NO_NAMES.split())
_LEFT_OUT = re.compile(
    r"\b(?:without|not?|never|avoid\w*|instead of|rather than|remov\w+|replac\w+|exclud\w+|drop\w*|free of|other than)\b"
    r"|n[’']t\b",
    re.IGNORECASE,
)
_NEAR = 40
"""Characters around a word in which an answer may say that it leaves the word out."""
_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Demand:
    """What became of the demands: the first one unmet, as a phrase, and whether some were met."""

    unmet: str | None = None
    met: bool = False


def unmet_demand(complaint: str, request: str, chosen: str, rejected: str) -> Demand:
    """Check the demands of `complaint` on the answer `chosen`, given the answer `rejected` that drew it."""
    found = [check(complaint, request, chosen, rejected) for check in _DEMANDS]
    unmet = next((one.unmet for one in found if one.unmet), None)
    return Demand(unmet, any(one.met for one in found))


def _length(complaint: str, request: str, chosen: str, rejected: str) -> Demand:
    shorter, longer = phrases.find("shorter", complaint), phrases.find("longer", complaint)
    if bool(shorter) == bool(longer):
        return Demand()
    if shorter:
        return Demand(met=True) if len(chosen) < len(rejected) else Demand(f"“{shorter}” was asked for, and it is not shorter")
    return Demand(met=True) if len(chosen) > len(rejected) else Demand(f"“{longer}” was asked for, and it is not longer")


def _language(complaint: str, request: str, chosen: str, rejected: str) -> Demand:
    """One language by name, asked for in a short complaint, that the rejected answer was not in."""
    wanted = languages_demanded(complaint) if len(complaint) <= _LONGEST_COMPLAINT else frozenset()
    if len(wanted) != 1:
        return Demand()
    spoken, before = language(chosen), language(rejected)
    if spoken is None or before is None or before in wanted:
        return Demand()
    (code,) = wanted
    if spoken == code:
        return Demand(met=True)
    return Demand(f"it is still in {spoken}, where {code} was asked for") if spoken == before else Demand()


def _quotes_and_numbers(complaint: str, request: str, chosen: str, rejected: str) -> Demand:
    """Quoted words and numbers of two digits or more that stand neither in the request nor in the rejected answer."""
    code = _CODE.search(complaint) or "```" in chosen or "```" in rejected  # there, they are what code should print
    if len(complaint) > _LONGEST_COMPLAINT or code:
        return Demand()
    said = _QUOTED.findall(complaint) + _NUMBER.findall(complaint)
    known = f"{request}\n{rejected}".casefold()
    wanted = [word for word in said if word.casefold().strip() not in known]
    if not wanted:
        return Demand()
    if any(word.casefold().strip() in chosen.casefold() for word in wanted):
        return Demand(met=True)
    return Demand(f"“{wanted[0].strip()}” was asked for, and it is not in the answer")


def _forbidden(complaint: str, request: str, chosen: str, rejected: str) -> Demand:
    """A word or a package that is to be left out; a bare word only where the rejected answer had it."""
    if len(complaint) > _LONGEST_COMPLAINT:
        return Demand()
    met = False
    for match in _FORBIDDEN.finditer(complaint):
        word, package = match["word"], bool(match["kind"])
        had = _uses(word, rejected)
        if word.casefold() in _NO_NAME or not (package or had):
            continue
        if _uses(word, chosen):
            return Demand(f"it was to do without “{word}”, and still uses it")
        met = met or had
    return Demand(met=met)


def _decidable(complaint: str, request: str, chosen: str, rejected: str) -> Demand:
    """A form, a length, words or an ending that a program can check: met where only the chosen answer has it, else unknown."""
    if len(complaint) > _LONGEST_COMPLAINT:
        return Demand()
    checks = [check for part in complaint.split("\n\n") if (check := compile_item(part))]
    return Demand(met=any(holds(check, chosen) and not holds(check, rejected) for check in checks))


_DEMANDS = (_length, _language, _quotes_and_numbers, _forbidden, _decidable)


def _uses(word: str, answer: str) -> bool:
    """Whether the whole word stands in the code of the answer (in all of it, where it has none) and is not being left out."""
    text = "\n".join(_FENCED.findall(answer)) or answer
    case = re.NOFLAG if len(word) <= 3 else re.IGNORECASE  # short names are words of the language in another case
    whole = re.compile(rf"(?<![\w’'-]){re.escape(word)}(?![\w’'-])", case)
    return any(not _LEFT_OUT.search(_around(text, one)) for one in whole.finditer(text))


def _around(text: str, match: re.Match[str]) -> str:
    """What stands on the line of a word, close to it."""
    before = text[max(0, match.start() - _NEAR) : match.start()].rsplit("\n", 1)[-1]
    return f"{before} {text[match.end() : match.end() + _NEAR].split(chr(10), 1)[0]}"
