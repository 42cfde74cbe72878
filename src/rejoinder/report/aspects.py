"""Known kinds of complaint, told by cues in the user's own words (`aspects.toml`, some twenty-seven languages).

Asks no model and weighs nothing: the first aspect with a cue has the complaint. What has no cue is left to `themes`.
"""

from __future__ import annotations

import functools
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import product
from typing import Any

GAP = 3
"""Words that `..` in a cue may skip, at most."""
_MARKS = re.compile("[\u0300-\u036f\u064b-\u065f\u200c'’‘`´]")
_TOKEN = re.compile(
    "[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]|(?:(?![\u3040-\u9fff\uac00-\ud7af])[\\w\u0900-\u0963\u0966-\u0dff])+|[.!?؟？。！।۔\n]"
)
_STROKES = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i"})
"""Letters whose stroke or missing dot is no accent to Unicode, and which users leave out like one."""
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_ENDS = frozenset("^$.?")


@dataclass(frozen=True, slots=True)
class Aspect:
    """A kind of complaint and its title."""

    name: str
    title: str
    category: str | None
    """Complaints of this category without any cue belong here too."""
    wish: bool
    """Whether its cues also stand in plain requests: they count only in the evidence, and not in a request made again."""


@dataclass(frozen=True, slots=True)
class Found:
    """The aspect of one complaint, as an index into `aspects()`, and where it was found."""

    aspect: int
    by: str
    """`evidence`, `turn` or `category`."""


@dataclass(frozen=True, slots=True)
class _Cue:
    aspect: int
    rest: tuple[str, ...]
    """What follows the first word."""


@functools.cache
def aspects() -> tuple[Aspect, ...]:
    """All aspects, the most specific first."""
    return tuple(
        Aspect(name, fields["title"], fields.get("category"), fields.get("wish", False)) for name, fields in _content().items()
    )


def assign(evidence: str, turn: str, category: str) -> Found | None:
    """The one aspect of a complaint: by a cue in the evidence, else by a longer one in the turn, else by its category."""
    again = next((i for i, one in enumerate(aspects()) if one.category == category), None)
    found = _first(evidence, least=1, wishes=again is None)
    if found is not None:
        return Found(found, "evidence")
    found = _first(turn, least=2, wishes=False)  # one word far from the complaint says little about it
    if found is not None:
        return Found(found, "turn")
    return None if again is None else Found(again, "category")


def _first(text: str, least: int, *, wishes: bool) -> int | None:
    found = _aspects_in(_words(text), least)
    return min((one for one in found if wishes or not aspects()[one].wish), default=None)


def _aspects_in(words: Sequence[str], least: int) -> Iterator[int]:
    exact, starts = _cues()
    for at, word in enumerate(words):
        for cue in exact.get(word, ()):
            if len(cue.rest) + 1 >= least and _follows(words, at + 1, cue.rest):
                yield cue.aspect
        for start, cue in starts.get(word[:2], ()):
            if word.startswith(start) and len(cue.rest) + 1 >= least and _follows(words, at + 1, cue.rest):
                yield cue.aspect


def _follows(words: Sequence[str], at: int, rest: Sequence[str]) -> bool:
    if not rest:
        return True
    if rest[0] == "..":
        return any(
            _follows(words, at + skipped, rest[1:]) for skipped in range(GAP + 1) if _ENDS.isdisjoint(words[at : at + skipped])
        )
    if at >= len(words):
        return False
    fits = words[at].startswith(rest[0][:-1]) if rest[0].endswith("*") else words[at] == rest[0]
    return fits and _follows(words, at + 1, rest[1:])


def _words(text: str) -> list[str]:
    """Levelled words, one per character in scripts without spaces, between `^` and `$`; a sentence ends in `.` or `?`."""
    tokens = _TOKEN.findall(_level(_HUMP.sub(" ", text)))
    ended = ["?" if one in "?؟？" else "." if one in ".!。！।۔\n" else one for one in tokens]
    return ["^", *ended, "$"]


def _level(text: str) -> str:
    """Without case, accents, strokes and apostrophes: `DON’T` is `dont`, `más` is `mas`, and `działa` is `dziala`."""
    bare = _MARKS.sub("", unicodedata.normalize("NFKD", text.casefold()))
    return unicodedata.normalize("NFC", bare).translate(_STROKES)


@functools.cache
def _cues() -> tuple[dict[str, list[_Cue]], dict[str, list[tuple[str, _Cue]]]]:
    """Cues by their first word, and those whose first word is only a beginning by its first two letters."""
    exact: dict[str, list[_Cue]] = {}
    starts: dict[str, list[tuple[str, _Cue]]] = {}
    for aspect, fields in enumerate(_content().values()):
        listed = [cue for cues in fields.values() if isinstance(cues, list) for cue in cues]
        for cue in dict.fromkeys(form for one in listed for form in _forms(one)):
            kept = _Cue(aspect, cue[1:])
            if cue[0].endswith("*"):
                starts.setdefault(cue[0][:2], []).append((cue[0][:-1], kept))
            else:
                exact.setdefault(cue[0], []).append(kept)
    return exact, starts


def _forms(cue: str) -> list[tuple[str, ...]]:
    """A cue as it may stand in a text: one run of words for each choice among its alternatives."""
    places = [[_parts(choice) for choice in item.split("|")] for item in cue.split()]
    return [tuple(part for parts in choice for part in parts) for choice in product(*places)]


def _parts(item: str) -> list[str]:
    if item in _ENDS or item == "..":
        return [item]
    parts = _TOKEN.findall(_level(item.removesuffix("*")))
    if item.endswith("*"):
        parts[-1] += "*"
    return parts


@functools.cache
def _content() -> dict[str, dict[str, Any]]:
    return tomllib.loads(resources.files("rejoinder.report").joinpath("aspects.toml").read_text(encoding="utf-8"))
