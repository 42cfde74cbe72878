"""Explicit judgements in the log (thumbs, ratings, votes ...) beside the feedback that was detected in words.

Two different measurements: agreement is told where both speak, and neither is taken for the truth.
"""

from __future__ import annotations

from rejoinder.report.flat import Flat
from rejoinder.report.numbers import SignalRow
from rejoinder.report.shares import share
from rejoinder.report.shown import cut

MOST = 20

# A direction is known for thumbs and votes (their sign) and for a correction (the answer needed one). Several marks on one
# answer agree or disagree once, as their sum points: they are no independent observations.
_SIGNALS = f"""
WITH marks AS (
    SELECT signals.*, polarity,
           CASE WHEN kind IN ('thumb', 'vote') THEN sign(value) WHEN kind = 'correction' THEN -1 ELSE 0 END AS side
    FROM signals LEFT JOIN (SELECT place, about, min(polarity) AS polarity FROM turns GROUP BY place, about) AS spoken
      ON signals.place = spoken.place AND signals.turn = spoken.about),
answers AS (
    SELECT kind, name, count(*) AS n, count(*) FILTER (side = 1) AS up, count(*) FILTER (side = -1) AS down,
           sum(value) FILTER (kind IN ('rating', 'score')) AS total, count(value) AS valued, count(polarity) AS followed,
           sign(sum(side)) AS side, any_value(polarity) AS polarity
    FROM marks GROUP BY kind, name, place, turn)
SELECT kind, name, sum(n)::BIGINT AS n, sum(up)::BIGINT AS up, sum(down)::BIGINT AS down, sum(total) / sum(valued) AS mean,
       sum(followed)::BIGINT AS followed, count(*) FILTER (side <> 0 AND polarity <> 'neutral') AS compared,
       count(*) FILTER (side = 1 AND polarity = 'positive' OR side = -1 AND polarity = 'negative') AS agreed
FROM answers GROUP BY kind, name ORDER BY n DESC, kind, name LIMIT {MOST}
"""


def explicit_signals(flat: Flat | None) -> tuple[SignalRow, ...]:
    """One row per kind and name of signal, the most frequent first."""
    return tuple(
        SignalRow(
            kind=row["kind"],
            name=cut(row["name"], 60),
            n=row["n"],
            up=row["up"],
            down=row["down"],
            mean=None if row["mean"] is None else round(row["mean"], 3),
            followed=row["followed"],
            compared=row["compared"],
            agreement=share(row["agreed"], row["compared"]) if row["compared"] else None,
        )
        for row in ([] if flat is None else flat.ask(_SIGNALS))
    )
