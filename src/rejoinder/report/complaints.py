"""A bounded, reproducible sample of complaints, and single ones fetched with their context.

Which complaints are drawn depends only on the seed and their ids, never on the order of files or threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from rejoinder.records import AnnotatedConversation, Feedback
from rejoinder.report.flat import Flat
from rejoinder.report.numbers import Quote
from rejoinder.report.shown import around, cut
from rejoinder.store import Dataset, query

SAMPLE = 5_000
_WORDS_READ = 300
"""Characters of a turn that are looked at; they stand for the complaint where the detector named no evidence."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One negative turn: where it is and the words that carry the complaint."""

    conversation: str
    turn: int
    category: str
    language: str
    words: str
    said: str
    """The beginning of the turn."""


def count_complaints(flat: Flat | None) -> int:
    """All negative turns of the log."""
    return 0 if flat is None else int(flat.ask("SELECT count(*) AS n FROM turns WHERE polarity = 'negative'")[0]["n"])


def sample_complaints(annotated: Dataset, flat: Flat | None, seed: int, most: int = SAMPLE) -> list[Complaint]:
    """At most `most` negative turns, in the order of a hash of seed, conversation and turn; md5 is the same everywhere."""
    if flat is None:
        return []
    drawn = f"""
    SELECT id, turn FROM turns WHERE polarity = 'negative'
    ORDER BY md5('{int(seed)} ' || turn || ' ' || id), id, turn LIMIT {int(most)}
    """
    texts = f"""
    WITH drawn AS ({drawn}),
    talks AS MATERIALIZED (
      SELECT row_number() OVER () AS place, conversation.id AS id, nullif(conversation.language, 'und') AS language, feedback,
             list_transform(list_filter(conversation.messages, lambda m: m.role = 'user'),
                            lambda m: left(m.content, {_WORDS_READ})) AS asked
      FROM annotated WHERE conversation.id IN (SELECT id FROM drawn)),
    asked AS (SELECT place, generate_subscripts(asked, 1) AS turn, unnest(asked) AS said FROM talks),
    spoken AS (SELECT place, id, language, unnest(feedback) AS one FROM talks)
    SELECT drawn.id, drawn.turn, one.category AS category, coalesce(language, '') AS language,
           array_to_string(one.evidence, ' ') AS evidence, said
    FROM drawn JOIN spoken ON spoken.id = drawn.id AND spoken.one.turn = drawn.turn
      JOIN asked ON asked.place = spoken.place AND asked.turn = drawn.turn
    ORDER BY md5('{int(seed)} ' || drawn.turn || ' ' || drawn.id), drawn.id, drawn.turn
    """
    rows = query(texts, turns=[flat.turns], annotated=annotated.files)
    return [_complaint(row) for row in rows]


def quotes(annotated: Dataset, complaints: Sequence[Complaint]) -> list[Quote]:
    """The complaints in context, in the given order; one whose conversation is not found is left out."""
    wanted = {one.conversation for one in complaints}
    found = {talk.conversation.id: talk for talk in _talks(annotated, wanted)}
    return [
        _quote(found[one.conversation], feedback)
        for one in complaints
        if one.conversation in found
        for feedback in found[one.conversation].feedback
        if feedback.turn == one.turn
    ]


def _complaint(row: dict[str, Any]) -> Complaint:
    evidence = (row["evidence"] or "").strip()
    said = row["said"] or ""
    return Complaint(row["id"], row["turn"], row["category"], row["language"], evidence or said, said)


def _talks(annotated: Dataset, ids: set[str]) -> list[AnnotatedConversation]:
    """The conversations with these ids, from the few parts that hold them: only there are whole texts decoded."""
    if not ids:
        return []
    names = ", ".join("'" + name.replace("'", "''") + "'" for name in sorted(ids))
    holds = f"SELECT 1 FROM part WHERE conversation.id IN ({names}) LIMIT 1"
    files = [file for file in annotated.files if query(holds, part=[file])]  # all at once exceeds the memory
    sql = f"SELECT conversation, feedback FROM annotated WHERE conversation.id IN ({names})"
    return [msgspec.convert(row, AnnotatedConversation) for row in query(sql, annotated=files)] if files else []


def _quote(talk: AnnotatedConversation, feedback: Feedback) -> Quote:
    turns = talk.conversation.turns
    judged, speaks = turns[feedback.about - 1], turns[feedback.turn - 1]
    before, evidence, after = around(speaks.request, feedback.evidence[0] if feedback.evidence else "")
    origin = talk.conversation.origin
    return Quote(
        conversation=cut(talk.conversation.id, 80),
        where=cut(f"{origin.file}, row {origin.row}", 120),
        turn=feedback.turn,
        category=feedback.category,
        request=cut(judged.request, 240),
        response=cut(judged.response or "", 320),
        before=before,
        evidence=evidence,
        after=after,
    )
