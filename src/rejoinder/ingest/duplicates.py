"""Which conversations say what another one says already: equal ones, beginnings of longer ones, nearly equal ones.

Works on all sketches of a run at once, in DuckDB, in bounded memory. Deletes nothing: it names the rows to leave out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from rejoinder.ingest.sketch import similarity
from rejoinder.records import Failure, Record
from rejoinder.store import Dataset
from rejoinder.store.session import ROW_BITS, Session

THRESHOLD = 0.9
"""Estimated Jaccard similarity from which two conversations count as the same."""
_TELLING = 100
"""Characters: a shorter beginning is a re-send only where the user is known to be the same."""

_PLACE_BITS = 52
_EXACT = f"""
CREATE TEMP TABLE equals AS
WITH firsts AS (
    SELECT exact, length, min(((2047 - least(judged, 2047))::BIGINT << {_PLACE_BITS}) + place) AS rank
    FROM rows GROUP BY exact, length HAVING count(*) > 1)
SELECT place, first FROM (
    SELECT rows.place, (firsts.rank & {(1 << _PLACE_BITS) - 1}) AS first FROM rows JOIN firsts USING (exact, length))
WHERE place <> first
"""
"""Of equal words the row that most was judged in is kept: votes, thumbs and rejected answers are not in the words."""
_PREFIX = f"""
CREATE TEMP TABLE begins AS
WITH kept AS (SELECT * EXCLUDE (bands) FROM rows ANTI JOIN equals USING (place)),
  short AS (SELECT place, exact, "user", length FROM kept WHERE answered),
  long AS (SELECT place, "user", messages, unnest(prefixes) AS prefix FROM kept)
SELECT short.place, max_by(long.place, (long.messages, -long.place)) AS first
FROM short JOIN long ON short.exact = long.prefix
WHERE short."user" = long."user" OR (short.length >= {_TELLING} AND (short."user" IS NULL OR long."user" IS NULL))
GROUP BY short.place
"""
_PART_BITS, _SHORT_ROW_BITS = 20, 24
"""A part holds at most 16 MB or one row of 64 MB: fewer than 2**24 conversations."""
_NEAR = f"""
WITH kept AS (
    SELECT bands, ((2047 - least(messages, 2047))::BIGINT << {_PLACE_BITS})
      + ((255 - least(judged, 255))::BIGINT << {_PART_BITS + _SHORT_ROW_BITS})
      + ((place >> {ROW_BITS}) << {_SHORT_ROW_BITS}) + (place & {(1 << ROW_BITS) - 1}) AS rank
    FROM rows ANTI JOIN equals USING (place) ANTI JOIN begins USING (place) WHERE len(bands) > 0),
  spread AS (SELECT rank, unnest(bands) AS band, generate_subscripts(bands, 1) AS number FROM kept),
  firsts AS (SELECT band, number, min(rank) AS first FROM spread GROUP BY band, number HAVING count(*) > 1),
  pairs AS (SELECT DISTINCT first, rank FROM spread JOIN firsts USING (band, number) WHERE first <> rank)
SELECT pairs.first, pairs.rank, a.bands AS a, b.bands AS b
FROM pairs JOIN kept AS a ON a.rank = pairs.first JOIN kept AS b ON b.rank = pairs.rank
ORDER BY pairs.rank, pairs.first
"""
"""Rows of one band are compared with the first of them only: linear, also where thousands are alike. `rank` orders by
messages, then by what was judged, then by place, so that the longest is kept."""
_NAMES = """
SELECT found.place, found.kind, gone.id AS id, kept.id AS "of"
FROM found JOIN rows AS gone ON gone.place = found.place JOIN rows AS kept ON kept.place = found.first
ORDER BY found.place
"""
_SAID = {"exact": "Says the same as", "prefix": "Is the beginning of", "near": "Says nearly the same as"}
_KINDS: tuple[Literal["exact", "prefix", "near"], ...] = ("exact", "prefix", "near")


class Duplicate(Record, frozen=True, kw_only=True):
    """A conversation to leave out, and the one that is kept instead."""

    part: str
    """Fingerprint of the part of the sketches."""
    index: int
    """Number of that part in the dataset, from 0: the conversations' part has the same."""
    row: int
    """Row in that part, from 0: the conversation's row is the same."""
    id: str
    of: str
    """Id of the conversation that is kept."""
    kind: Literal["exact", "prefix", "near"]
    """exact: the same roles and words; prefix: the beginning of a longer one; near: all but the same."""


def find_duplicates(sketches: Dataset, threshold: float = THRESHOLD, *, folder: Path | None = None) -> list[Duplicate]:
    """The conversations to leave out, in order.

    Of equal ones the most judged is kept, then the first; of beginnings the longest; of nearly equal ones the longest,
    then the most judged, then the first.

    Args:
        sketches: of all conversations of a run; parts and rows as theirs.
        threshold: estimated Jaccard similarity of 32-byte shingles, in (0, 1]; standard error 0.03 at 0.9.
        folder: for what does not fit in memory; the dataset's own by default.

    Raises:
        StoreError: a part is damaged or the disk is full.
    """
    if not sketches.written:
        return []
    with Session(sketches.files, folder or sketches.folder) as session:
        session.execute(_EXACT)
        session.execute(_PREFIX)
        kept: dict[int, int] = {}
        kinds: dict[int, int] = {}
        for kind, pairs in enumerate((_stored(session, "equals"), _stored(session, "begins"), _near(session, threshold))):
            for place, first in pairs:
                kept[place], kinds[place] = first, kind
        return list(_named(session, sketches, kept, kinds))


def left_out(conversations: Dataset, duplicates: Sequence[Duplicate]) -> dict[str, list[tuple[int, Failure]]]:
    """By fingerprint of the conversations' parts: the rows to drop, from 0 and rising, each with its reason."""
    rows: dict[str, list[tuple[int, Failure]]] = {}
    for found in duplicates:
        detail = f"{_SAID[found.kind]} {found.of}, which is kept."
        failure = Failure(stage="deduplicate", reason=f"{found.kind}-duplicate", detail=detail, item=found.id)
        rows.setdefault(conversations.parts[found.index].fingerprint, []).append((found.row, failure))
    return rows


def _stored(session: Session, table: str) -> Iterator[tuple[int, int]]:
    for batch in session.batches(f"SELECT place, first FROM {table} ORDER BY place"):
        yield from zip(batch["place"].tolist(), batch["first"].tolist(), strict=True)


def _near(session: Session, threshold: float) -> Iterator[tuple[int, int]]:
    """Pairs of a place and the kept place, of a conversation at least as long, that it is nearly equal to."""
    gone: dict[int, int] = {}
    signatures: dict[int, Any] = {}
    for batch in session.batches(_NEAR, 20_000):
        close = similarity(batch["a"], batch["b"]) >= threshold
        pairs = zip(batch["first"][close].tolist(), batch["rank"][close].tolist(), strict=True)
        for (first, rank), left, right in zip(pairs, batch["a"][close], batch["b"][close], strict=True):
            root = gone.get(first, first)
            if root == first:
                signatures[first] = left
            elif similarity(signatures[root][None], right[None])[0] < threshold:
                continue
            if rank not in gone:
                gone[rank] = root
                yield _place(rank), _place(root)


def _place(rank: int) -> int:
    part, row = rank >> _SHORT_ROW_BITS & (1 << _PART_BITS) - 1, rank & (1 << _SHORT_ROW_BITS) - 1
    return part << ROW_BITS | row


def _named(session: Session, sketches: Dataset, kept: dict[int, int], kinds: dict[int, int]) -> Iterator[Duplicate]:
    places = sorted(kept)
    roots = [_root(kept, place) for place in places]
    columns = {"place": places, "first": roots, "kind": [kinds[place] for place in places]}
    session.table("found", {name: np.array(values, np.int64) for name, values in columns.items()})
    for batch in session.batches(_NAMES):
        for place, kind, id_, of in zip(batch["place"].tolist(), batch["kind"].tolist(), batch["id"], batch["of"], strict=True):
            index, row = place >> ROW_BITS, place & (1 << ROW_BITS) - 1
            part = sketches.parts[index].fingerprint
            yield Duplicate(part=part, index=index, row=row, id=id_, of=of, kind=_KINDS[kind])


def _root(kept: dict[int, int], place: int) -> int:
    """The place that is really kept: what a place is a duplicate of may itself be one."""
    while place in kept:
        place = kept[place]
    return place
