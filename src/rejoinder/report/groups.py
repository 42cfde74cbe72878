"""Feedback by turn position, over time, by model and by language; every group with its n and Wilson's interval.

Groups are compared on the detector's own counts: its error is measured for the log as a whole, not for each group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rejoinder.report.flat import Flat, category_counts
from rejoinder.report.numbers import Group, Grouping
from rejoinder.report.shares import share
from rejoinder.report.shown import cut
from rejoinder.taxonomies import Taxonomy

FEWEST = 20
"""A group with fewer turns is pooled with its like as `other (how many)`."""
MOST = 12
LAST_POSITION = 5
"""Positions from here on count together, as in Figure 2 of arXiv 2507.23158."""
_DAY = 86_400
_SPANS = (("day", 21 * _DAY), ("week", 200 * _DAY), ("month", 1_500 * _DAY), ("year", float("inf")))


def by_position(flat: Flat | None, taxonomy: Taxonomy) -> Grouping:
    """Turns 2, 3, 4, and 5 or later."""
    key = f"CASE WHEN turn >= {LAST_POSITION} THEN '{LAST_POSITION} or later' ELSE turn::VARCHAR END"
    groups = [] if flat is None else _count(flat, key, "min(turn)", taxonomy)
    return Grouping(by="turn", groups=tuple(_group(one) for one in groups), pooled=0, unknown=0)


def by_time(flat: Flat | None, taxonomy: Taxonomy) -> Grouping | None:
    """Days, weeks, months or years, whichever gives a readable number of points; None where the log has no times."""
    if flat is None:
        return None
    span = flat.ask("SELECT min(began) AS first, max(began) AS last FROM turns WHERE isfinite(began)")[0]
    if span["first"] is None:
        return None
    unit = next(name for name, limit in _SPANS if span["last"] - span["first"] <= limit)
    moment = f"date_trunc('{unit}', make_timestamp((began * 1000000)::BIGINT))"
    rows = _count(flat, f"strftime({moment}, '%Y-%m-%d')", "min(began)", taxonomy)
    return _grouping(unit, rows, flat, "began")


def by_column(flat: Flat | None, taxonomy: Taxonomy, column: str) -> Grouping | None:
    """Values of `model` or `language`, small ones pooled; None where the log knows fewer than two of them."""
    if flat is None:
        return None
    rows = _count(flat, column, "-count(*)", taxonomy)
    if len(rows) < 2:
        return None
    large = [row for row in rows if row["n"] >= FEWEST][:MOST]
    small = [row for row in rows if row not in large]
    groups = [*large, *([_pool(small)] if small else [])]
    return _grouping(column, groups, flat, column, len(small))


def _grouping(by: str, rows: Sequence[dict[str, Any]], flat: Flat, column: str, pooled: int = 0) -> Grouping:
    unknown = flat.ask(f"SELECT count(*) - count({column}) AS n FROM turns")[0]["n"]
    return Grouping(by=by, groups=tuple(_group(row) for row in rows), pooled=pooled, unknown=unknown)


def _count(flat: Flat, key: str, order: str, taxonomy: Taxonomy) -> list[dict[str, Any]]:
    columns = ", ".join(category_counts(taxonomy))
    return flat.ask(
        f"SELECT {key} AS name, count(*) AS n, count(*) FILTER (polarity = 'negative') AS negative, "
        f"count(*) FILTER (polarity = 'positive') AS positive, [{columns}] AS categories "
        f"FROM turns WHERE ({key}) IS NOT NULL GROUP BY 1 ORDER BY {order}, name"
    )


def _pool(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    sums = {name: sum(row[name] for row in rows) for name in ("n", "negative", "positive")}
    return {
        "name": f"other ({len(rows)})",
        **sums,
        "categories": [sum(some) for some in zip(*(row["categories"] for row in rows), strict=True)],
    }


def _group(row: dict[str, Any]) -> Group:
    return Group(
        name=cut(row["name"], 60),
        n=row["n"],
        negative=share(row["negative"], row["n"]),
        positive=share(row["positive"], row["n"]),
        categories=tuple(row["categories"]),
    )
