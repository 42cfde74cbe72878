"""Published sets of feedback categories: TOML files beside this one, and the one loader and projection over them.

Holds what the categories mean; it labels nothing and knows no prompt.
"""

from __future__ import annotations

import functools
import re
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from rejoinder.errors import SettingsError, UsageError
from rejoinder.identity import fingerprint
from rejoinder.records import Polarity

__all__ = ["Category", "Taxonomy", "View", "ViewClass", "available", "load", "project"]


class Category(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One label: its stable name, what it means in our words, and which way it points."""

    name: str
    title: str
    definition: str
    polarity: Polarity
    example: str
    """An invented user turn that this label fits."""
    ordinal: int | None = None
    """Place on the scale, where the label set is ordered."""
    aliases: tuple[str, ...] = ()
    """Other codes for the same category in published data."""


class ViewClass(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One class of a view, and the categories that fall into it."""

    name: str
    categories: tuple[str, ...]


class View(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A coarser reading of a taxonomy: every category falls into exactly one of its classes."""

    name: str
    title: str
    classes: tuple[ViewClass, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The classes, in the order of the file."""
        return tuple(one.name for one in self.classes)


class Taxonomy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A published label set. Immutable and hashable; its content is its identity."""

    name: str
    title: str
    source: str
    """Paper and section that define it."""
    unit: str
    """What one label is about: `turn` or `conversation`."""
    multi_label: bool
    """Whether several categories may hold for one unit."""
    categories: tuple[Category, ...]
    precedence: tuple[str, ...] = ()
    """Which category wins where several fit, first wins; empty where the paper gives no rule."""
    views: tuple[View, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The categories' names, in the order of the file: the order of `Feedback.probabilities`."""
        return tuple(one.name for one in self.categories)

    @property
    def fingerprint(self) -> str:
        """Name of the content: changes with any word of the file."""
        return fingerprint("taxonomy", self)

    def category(self, name: str) -> Category:
        """The category called exactly `name`; UsageError where there is none."""
        for one in self.categories:
            if one.name == name:
                return one
        raise UsageError(f"taxonomy {self.name} has no category {name!r}; it has {', '.join(self.names)}")

    def polarity(self, name: str) -> Polarity:
        """Which way the category called `name` points."""
        return self.category(name).polarity

    def view(self, name: str) -> View:
        """The view called `name`; UsageError where there is none."""
        for one in self.views:
            if one.name == name:
                return one
        raise UsageError(f"taxonomy {self.name} has no view {name!r}; it has {', '.join(v.name for v in self.views)}")

    def resolve(self, label: str) -> str | None:
        """The category that `label` means by name, title or alias (case, spaces, `_` and `-` do not count), or None."""
        return _spellings(self).get(_plain(label))


def available() -> tuple[str, ...]:
    """Names of the taxonomies that ship with the package, in alphabetical order."""
    files = resources.files(__name__).iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


@functools.cache
def load(name: str) -> Taxonomy:
    """The taxonomy that ships as `name`, or the one in the user's own TOML file at the path `name`; read once per process.

    UsageError for a name that is neither; SettingsError for a file that is no taxonomy.
    """
    if name in available():
        return _decode(resources.files(__name__).joinpath(f"{name}.toml").read_bytes(), name)
    path = Path(name)
    if path.suffix == ".toml" and path.is_file():
        return _decode(path.read_bytes(), name)
    raise UsageError(f"unknown taxonomy {name!r}; known are {', '.join(available())}, or give the path of a .toml file")


def project(category: str, taxonomy: Taxonomy, view: str) -> str:
    """The class of `view` that `category` falls into; UsageError where taxonomy, view and category do not fit together."""
    for one in taxonomy.view(view).classes:
        if category in one.categories:
            return one.name
    taxonomy.category(category)
    raise UsageError(f"view {view} of taxonomy {taxonomy.name} says nothing about {category}")


def _decode(content: bytes, where: str) -> Taxonomy:
    try:
        taxonomy = msgspec.toml.decode(content, type=Taxonomy)
    except (msgspec.DecodeError, ValueError) as error:  # tomllib raises ValueError for broken TOML and broken UTF-8
        raise SettingsError(f"{where}: not a taxonomy: {error}. See docs/taxonomies.md for the shape of the file") from error
    if faults := _faults(taxonomy):
        raise SettingsError(f"{where}: not a taxonomy: {'; '.join(faults)}")
    return taxonomy


def _faults(taxonomy: Taxonomy) -> list[str]:
    """What contradicts itself in a taxonomy that has the right shape."""
    names = list(taxonomy.names)
    faults = [] if names else ["it has no categories"]
    faults += [f"category {name} stands twice" for name in _doubles(names)]
    faults += [f"precedence names unknown category {name}" for name in taxonomy.precedence if name not in names]
    spellings = [(_plain(text), one.name) for one in taxonomy.categories for text in (one.name, one.title, *one.aliases)]
    faults += [f"spelling {text!r} means two categories" for text in _doubles([text for text, _ in set(spellings)])]
    for view in taxonomy.views:
        placed = [name for one in view.classes for name in one.categories]
        if sorted(placed) != sorted(names):
            faults.append(f"view {view.name} must place every category exactly once")
    return faults


def _doubles(values: list[Any]) -> list[Any]:
    return sorted({value for value in values if values.count(value) > 1})


def _plain(label: str) -> str:
    return re.sub(r"[\W_]+", "", label).casefold()


@functools.cache
def _spellings(taxonomy: Taxonomy) -> dict[str, str]:
    return {_plain(text): one.name for one in taxonomy.categories for text in (one.name, one.title, *one.aliases)}
