"""The annotated conversations as two narrow tables on disk, one row per answered turn and one per explicit signal.

One pass over the long texts makes them; every count of the report is then a query over a few small columns.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rejoinder.store import Dataset, query
from rejoinder.store.files import TEMPORARY
from rejoinder.store.query import copy
from rejoinder.taxonomies import Taxonomy

# One row per conversation, without the texts.
_TALKS = """
SELECT row_number() OVER () AS place, conversation.id AS id, conversation.user AS person, conversation.model AS model,
       nullif(conversation.language, 'und') AS language,
       coalesce(conversation.time, list_min(list_transform(conversation.messages, lambda m: m.time))) AS began,
       conversation.toxic AS toxic, feedback,
       list_transform(conversation.messages, lambda m: {'role': m.role, 'model': m.model, 'toxic': m.toxic,
         'signals': list_transform(m.signals, lambda s: {'kind': s.kind, 'name': s.name, 'value': s.value})}) AS messages
FROM annotated
"""
# One row per message. A turn is a user message with all that follows it, up to the next one.
_MESSAGES = """
SELECT *, sum((role = 'user')::BIGINT) OVER (PARTITION BY place ORDER BY number) AS turn
FROM (SELECT place, number, unnest(message)
      FROM (SELECT place, generate_subscripts(messages, 1) AS number, unnest(messages) AS message FROM talks))
"""
_TURNS = """
SELECT talks.place AS place, id, coalesce('user ' || person, 'conversation ' || id || ' ' || talks.place) AS cluster, language,
       began, said.turn AS turn, about, category, polarity, coalesce(answers.model, talks.model) AS model,
       list_bool_or([answers.toxic, talks.toxic]) AS toxic
FROM (SELECT place, one.turn AS turn, one.about AS about, one.category AS category, one.polarity AS polarity
      FROM (SELECT place, unnest(feedback) AS one FROM talks)) AS said
JOIN talks USING (place)
LEFT JOIN (SELECT place, turn, bool_or(toxic) AS toxic,
                  max_by(model, number) FILTER (role = 'assistant' AND model IS NOT NULL) AS model
           FROM messages GROUP BY place, turn) AS answers
  ON answers.place = said.place AND answers.turn = said.about
"""
# What somebody marked on a user's own message says nothing of an answer.
_SIGNALS = """
SELECT place, turn, signal.kind AS kind, coalesce(signal.name, '') AS name, signal.value AS value
FROM (SELECT place, turn, unnest(signals) AS signal FROM messages WHERE role <> 'user' AND len(signals) > 0)
"""


@dataclass(frozen=True, slots=True)
class Flat:
    """The narrow tables; alive as long as the `with` block that made them."""

    turns: Path
    """place (of the conversation: tells apart also those that bear the same id), id, cluster, language, began, turn, about,
    category, polarity, model, toxic (None where the log has no verdict)."""
    signals: Path
    """Of answers: place, turn (0 before the first user message), kind, name, value."""

    def ask(self, sql: str) -> list[dict[str, Any]]:
        """Rows of one SELECT over `turns` and `signals`."""
        return query(sql, turns=[self.turns], signals=[self.signals])


def category_counts(taxonomy: Taxonomy) -> list[str]:
    """One SQL aggregate per category, in the order of the taxonomy; names are quoted, for a user's own may hold anything."""
    quoted = (name.replace("'", "''") for name in taxonomy.names)
    return [f"count(*) FILTER (category = '{name}')" for name in quoted]


@contextmanager
def flattened(annotated: Dataset, beside: Path) -> Iterator[Flat | None]:
    """Make the tables in a temporary folder inside `beside`; None where there is no conversation at all."""
    if not annotated.written:
        yield None
        return
    beside.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=beside, prefix=TEMPORARY) as name:
        folder = Path(name)
        talks, messages, turns, signals = (folder / f"{table}.parquet" for table in ("talks", "messages", "turns", "signals"))
        copy(_TALKS, talks, annotated=annotated.files)
        copy(_MESSAGES, messages, talks=[talks])
        copy(_TURNS, turns, talks=[talks], messages=[messages])
        copy(_SIGNALS, signals, messages=[messages])
        talks.unlink()
        messages.unlink()
        yield Flat(turns, signals)
