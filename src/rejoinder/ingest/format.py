"""A format as a value: how to recognise a file of it, and how to read one row of it into drafts.

Holds no reader itself (those are in `readers/`, one file per format) and opens no file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rejoinder.ingest.draft import Draft

Container = Literal["lines", "array", "object", "parquet", "csv"]
"""How rows lie in a file: JSON lines, elements of one JSON array (also of a list inside one object, and
concatenated objects), a single JSON object, Parquet rows, CSV rows."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The beginning of a file: enough to tell its format, at most some dozen rows."""

    file: str
    """The file's name without its folder; for a member of an archive, the member's path."""
    container: Container
    rows: tuple[Any, ...]
    """The first rows, decoded: usually dicts, but a log may hold anything."""
    columns: tuple[str, ...] = ()
    """Column names of a Parquet or CSV file, also where it has no rows; else empty."""
    siblings: tuple[str, ...] = ()
    """Names of the other files in the same folder or archive."""
    wrapper: Mapping[str, Any] = field(default_factory=dict)
    """For an object that holds the rows in a list (`{"data": [...]}`): its other scalar fields."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a file may be of a format."""

    score: float
    """From 0 (could be) to 1 (cannot be anything else)."""
    why: str
    """What was seen, to print behind the format's name: `mapping and current_node in 10 of 10 rows`."""


def _never(sample: Sample, /) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Format:
    """One source of logs, as a value."""

    name: str
    """As in `--format NAME` and `Conversation.source`."""
    title: str
    """As a person calls it: `ChatGPT data export`."""
    read: Callable[[Any, Mapping[str, Any]], Iterable[Draft]]
    """Row and sidecars (by the names in `sidecars`, decoded; absent ones are missing) to drafts; a grouped format
    gets `{"rows": [...]}` with all rows of one group, in order. Raises `Unreadable` for a row that cannot be read;
    an empty result means the row is not a conversation and is quarantined as such."""
    recognise: Callable[[Sample], Evidence | None] = _never
    refuse: Callable[[Sample], str | None] = _never
    """Why a file cannot be read though the caller chose this format; None where it may be."""
    remark: Callable[[Sample], str | None] = _never
    """What in the sampled rows will be read as nothing, to print behind the format's name; None where nothing will."""
    group: Callable[[Any], tuple[str, str | float] | None] | None = None
    """For formats whose conversation is spread over rows: key of the conversation and position in it (ties keep the
    order of the file); None or any error: the row stands alone and is quarantined."""
    sidecars: tuple[str, ...] = ()
    """Names of files beside the log (or in the same archive) whose decoded content `read` gets."""
    starts: Callable[[Any], bool] | None = None
    """For formats whose rows follow each other without a key (WildFeedback's utterances): True where a row begins a new
    conversation. The rows from there to the next start are one group, in the order of the file."""
    links: Callable[[Any], tuple[str, ...]] | None = None
    """For grouped formats: other keys that the row's conversation goes by, so that rows keyed by them join its group
    (a Langfuse trace of session s1 links `trace t1`, the key of that trace's scores and observations)."""
