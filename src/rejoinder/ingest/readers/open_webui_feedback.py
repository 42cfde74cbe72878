"""Open WebUI feedback export: one row per rating, each with a snapshot of the chat that it was given in.

All ratings of one chat are read together on its newest snapshot; a rating in the arena is a vote against its siblings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rejoinder.ingest.draft import Draft, DraftMessage, Unreadable
from rejoinder.ingest.format import Evidence, Format, Sample
from rejoinder.ingest.readers.judgements import thumb_value, vote
from rejoinder.ingest.readers.open_webui import draft_of, rating_signals, said_in, tree_in
from rejoinder.ingest.readers.shape import (
    Fields,
    conversation_rows,
    decoded,
    fields,
    first,
    flag,
    items,
    key,
    number,
    seen,
    strongest,
)
from rejoinder.ingest.readers.tree import place_signals, when
from rejoinder.records import Alternative, Signal


def recognise(sample: Sample) -> Evidence | None:
    """Ratings with a `snapshot` of the chat or a `meta` that names chat and message."""
    return strongest(
        [
            seen(sample, lambda row: "snapshot" in row and ("data" in row or "meta" in row), "rating with snapshot", 0.99),
            seen(sample, lambda row: {"chat_id", "message_id"} <= fields(row.get("meta")).keys(), "meta.chat_id", 0.9),
        ]
    )


def group(row: Any) -> tuple[str, str | float] | None:
    """All ratings of one chat belong together, in the order in which they were given."""
    row = fields(row)
    chat = _snapshot(row)
    id_ = first(fields(row.get("meta")), "chat_id") or chat.get("id") or fields(chat.get("chat")).get("id")
    name = f"chat {key(id_)}" if key(id_) else f"rating {key(row.get('id'))}" if key(row.get("id")) else None
    return (name, when(row.get("created_at"))) if name else None


def read(row: Any, sidecars: Mapping[str, Any]) -> Iterator[Draft]:
    """One group of ratings is one conversation; a second draft only where a rating lies on another branch."""
    rows = conversation_rows(row)
    rated = [rating for rating in rows if tree_in(_snapshot(rating)) or fields(_snapshot(rating).get("chat")).get("messages")]
    if not rated:
        raise Unreadable("no-snapshot", "The rating has no snapshot of its chat; export the chats and read them as well.")
    chat = _snapshot(rated[-1])
    shown = said_in(chat)
    waiting = {id_: rating for rating in rows if (id_ := _target(rating, shown))}
    through: str | None = None
    while through is None or waiting:
        said = said_in(chat, through)
        placed = _place(said, waiting)
        if placed or through is None:
            draft = draft_of(chat, said)
            if through is not None:  # another branch of the same chat is another conversation
                draft.id = f"{key(draft.id)}#{through}"
            draft.user = rated[-1].get("user_id") or draft.user
            draft.time = draft.time or rated[0].get("created_at")
            yield draft
        waiting = {id_: rating for id_, rating in waiting.items() if id_ not in placed and id_ != through}
        through = next((id_ for id_ in waiting if id_ in tree_in(chat)), None)
        if through is None:
            return


def _target(rating: Fields, said: list[DraftMessage]) -> str:
    """Id of the message that was rated: named, or by its place (from 1) in the chat as shown; empty where neither is there."""
    place = number(_meta(rating).get("message_index")) or 0
    at_place = key(said[int(place) - 1].id) if 1 <= place <= len(said) else ""
    return key(_meta(rating).get("message_id")) or at_place


def _place(said: list[DraftMessage], ratings: Mapping[str, Fields]) -> set[str]:
    """Signals of the ratings on the messages that they name; a thumb that the snapshot repeats is not kept twice."""
    for made in said:
        if key(made.id) in ratings:
            made.signals = ()
        made.alternatives = tuple(_signed(sibling, ()) if sibling.id in ratings else sibling for sibling in made.alternatives)
    placed = place_signals(said, {id_: _signals(rating) for id_, rating in ratings.items()})
    for made in said:
        rating = ratings.get(key(made.id))
        if rating is not None and _in_arena(rating):
            made.alternatives = _lost(made.alternatives, rating)
    return placed


def _signed(sibling: Alternative, signals: tuple[Signal, ...]) -> Alternative:
    return Alternative(content=sibling.content, model=sibling.model, id=sibling.id, signals=signals)


def _signals(rating: Fields) -> tuple[Signal, ...]:
    """What one rating says: thumb, comment and rating, and in the arena the vote itself."""
    found = rating_signals(_data(rating), "data")
    value = thumb_value(_data(rating).get("rating"))
    if value is None or not _in_arena(rating):
        return found
    return (vote(value, origin="data.sibling_model_ids", name=key(_data(rating).get("model_id")) or None), *found)


def _lost(siblings: tuple[Alternative, ...], rating: Fields) -> tuple[Alternative, ...]:
    """The opposite vote on the answers that it was compared with: those of the named models, else all siblings."""
    value = thumb_value(_data(rating).get("rating"))
    named = {key(id_) for id_ in items(_data(rating).get("sibling_model_ids"))}
    against = [sibling for sibling in siblings if sibling.model in named] or list(siblings)
    if value is None:
        return siblings
    ballot = vote(-value, origin="data.sibling_model_ids")
    return tuple(_signed(sibling, (ballot, *sibling.signals)) if sibling in against else sibling for sibling in siblings)


def _in_arena(rating: Fields) -> bool:
    return flag(_meta(rating).get("arena")) is True or bool(items(_data(rating).get("sibling_model_ids")))


def _data(rating: Fields) -> Fields:
    return fields(decoded(rating.get("data")))


def _meta(rating: Fields) -> Fields:
    return fields(decoded(rating.get("meta")))


def _snapshot(rating: Fields) -> Fields:
    snapshot = fields(decoded(rating.get("snapshot")))
    return fields(decoded(snapshot.get("chat"))) or snapshot


OPEN_WEBUI_FEEDBACK = Format(
    name="open-webui-feedback", title="Open WebUI feedback export", recognise=recognise, read=read, group=group
)
