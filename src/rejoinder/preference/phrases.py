"""The phrase lists of `phrases.toml`, compiled once per process; the gates ask here whether a text holds one.

Knows regular expressions and languages by name; it decides nothing about examples.
"""

from __future__ import annotations

import functools
import re
import tomllib
from importlib import resources
from typing import Any

from rejoinder.identity import digest

SEARCHED = 20_000
"""Characters of a message that are searched: a jailbreak or an unsafe request stands well before that."""
_NONE_NEEDED = ("",)


@functools.cache
def fingerprint() -> str:
    """Name of the lists' content: part of what names a mining step, since they decide what it drops."""
    return f"phrases-{digest(_file())}"


def find(group: str, text: str) -> str | None:
    """The first phrase of `group` in `text`, as it stands there, or None."""
    return _find(group, text[:SEARCHED])


@functools.lru_cache(maxsize=512)  # neighbouring candidates share their context
def _find(group: str, head: str) -> str | None:
    level = f" {' '.join(head.lower().split())} "
    hinted = _hints(group, level.isascii())
    for language, pattern in _patterns(group):
        if any(map(level.__contains__, hinted.get(language, _NONE_NEEDED))) and (match := pattern.search(head)):
            return match.group()
    return None


def starts(group: str, text: str) -> str | None:
    """The phrase of `group` that `text` begins with (quotes, asterisks and white space aside), or None."""
    head = text[:400].lstrip(" \t\r\n\"'*_#>“”«»¡")
    for _, pattern in _patterns(group):
        if match := pattern.match(head):
            return match.group()
    return None


def short(found: str) -> str:
    """Words that were found, on one line and cut to a length that a reason can quote."""
    words = " ".join(found.split())
    return words if len(words) <= 60 else words[:57] + "..."


def languages_named(text: str) -> frozenset[str]:
    """ISO 639-1 codes of the languages that `text` mentions by name."""
    head = text[:SEARCHED]
    return frozenset(code for code, pattern in _language_patterns() if pattern.search(head))


@functools.cache
def _patterns(group: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """One pattern per language: an alternation of its phrases."""
    return tuple((name, _compiled("|".join(f"(?:{one})" for one in phrases))) for name, phrases in _lists()[group].items())


@functools.cache
def _language_patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((code, _compiled("|".join(phrases))) for code, phrases in _lists()["languages"].items())


def _compiled(phrase: str) -> re.Pattern[str]:
    spaced = phrase.replace(" ?", r"\s*").replace(" ", r"\s+")
    return re.compile(spaced, re.IGNORECASE | re.DOTALL)


@functools.cache
def _hints(group: str, in_ascii: bool) -> dict[str, tuple[str, ...]]:
    """By language: literals of which a text, or an ASCII one, holds at least one wherever a phrase of `group` matches."""
    listed: dict[str, list[str]] = _lists()["hints"].get(group, {})
    return {name: tuple(hint for hint in hints if hint.isascii() or not in_ascii) for name, hints in listed.items()}


@functools.cache
def _lists() -> dict[str, Any]:
    return tomllib.loads(_file().decode())


def _file() -> bytes:
    return resources.files("rejoinder.preference").joinpath("phrases.toml").read_bytes()
