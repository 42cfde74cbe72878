"""The story of one row in words, for a terminal: what it is, where it came from, how it was made, what became of it.

Reads nothing; texts of the log are cut and freed of control characters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from rejoinder.preference.why import RowStory
from rejoinder.records import Feedback, Graded, Response, Sample, Turn

_SHOWN = 700
"""Characters of each text that are shown; `--json` gives all."""


def told(story: RowStory) -> str:
    """The whole story, a paragraph per step, ending in a new line."""
    parts = (_what(story), _source(story), _turns(story), _said(story), _made(story), _became(story))
    return "\n\n".join("\n".join(lines) for part in parts if (lines := list(part))) + "\n"


def _what(story: RowStory) -> Iterator[str]:
    row = story.row
    yield f"{row.id}"
    if isinstance(row, Graded):
        yield f"A graded response: {row.grade} of 4, probability {row.probability:.2f}, split {row.split}."
    else:
        kind = {
            "pair": "A pair",
            "unpaired": "A good answer" if row.chosen is not None else "A bad answer",
            "sft": "An SFT example",
        }
        arm = "arm" if story.dataset == "built" else "rule"
        yield f"{kind[row.kind]}, {arm} {row.provenance.rule}, confidence {row.confidence:.2f}, split {row.split}."
    if row.flags:
        yield f"Flags: {', '.join(row.flags)}."


def _source(story: RowStory) -> Iterator[str]:
    said = story.row.provenance
    user = f", user {said.user}" if said.user else ""
    member = f" in {said.origin.member}" if said.origin.member else ""
    yield f"From conversation {said.conversation_id} ({said.source}{user}), {said.origin.file}{member}, row {said.origin.row}."
    if story.conversation is None:
        yield "The run folder no longer holds this conversation."


def _turns(story: RowStory) -> Iterator[str]:
    """The turns that the row rests on, with what was answered."""
    said, conversation = story.row.provenance, story.conversation
    if conversation is None:
        return
    parts = {said.context_turn: ["ends the context"]}
    for turn, part in (
        (said.chosen_turn, "holds the chosen answer"),
        (said.rejected_turn, "holds the rejected answer"),
        (said.feedback_turn, "says what the user thought of it"),
    ):
        if turn is not None:
            parts.setdefault(turn, []).append(part)
    for number in sorted(parts):
        if 1 <= number <= len(conversation.turns):
            yield from _turn(conversation.turns[number - 1], parts[number])


def _turn(turn: Turn, parts: list[str]) -> Iterator[str]:
    yield f"Turn {turn.number} {', '.join(parts)}."
    yield f"  user: {_cut(turn.request)}"
    if turn.response is not None:
        yield f"  answer: {_cut(turn.response)}"
    for message in turn.messages[1:]:
        yield from (f"  the log says of it: {_cut(signal.words)}" for signal in message.signals)
        for sibling in message.alternatives:
            yield f"  another answer: {_cut(sibling.content)}"
            yield from (f"  the log says of that one: {_cut(signal.words)}" for signal in sibling.signals)


def _said(story: RowStory) -> Iterator[str]:
    said = story.row.provenance
    if story.feedback is None:
        yield f"No feedback in words decided; labelled by {said.labeller or 'nobody'}."
    else:
        yield _feedback(story.feedback)
    for words in said.evidence:
        yield f"  in these words: “{_cut(words)}”"


def _feedback(one: Feedback) -> str:
    return (
        f"Turn {one.turn} is {one.category} ({one.polarity}, probability {one.probability:.2f}) about turn {one.about}, "
        f"says {one.labeller or 'an unnamed labeller'}."
    )


def _made(story: RowStory) -> Iterator[str]:
    """Who wrote and compared the answers; the texts where a model wrote them."""
    row, made = story.row, story.row.provenance.building
    said = row.provenance
    for side, model, how in (
        ("chosen", said.chosen_model, made.chosen if made else "as logged"),
        ("rejected", said.rejected_model, made.rejected if made else "as logged"),
    ):
        text = getattr(row, side, None)
        if text is not None:
            yield f"{side.capitalize()}: {model or 'an unnamed model'}, {how or 'not made'}."
            yield f"  {_cut(text)}"
    if isinstance(row, Graded):
        yield f"Response: {_cut(row.response)}"
    if made is None:
        return
    yield f"Sample {made.sample} of the subset {made.subset}."
    if story.sample is not None:
        yield from _sample(story.sample)
    if made.verdict is not None:
        verdict, (first, second) = made.verdict, made.verdict.orders
        yield f"Verdict of {verdict.judge}: {verdict.outcome} (shown first: {first}, shown second: {second})."
        yield from (f"  “{_cut(reason)}”" for reason in verdict.reasons if reason)
    if made.margins:
        yield f"Reward margins, without and with the feedback: {', '.join(f'{margin:+.3f}' for margin in made.margins)}."


def _sample(sample: Sample) -> Iterator[str]:
    if sample.checklist and sample.checklist.items:
        yield f"Checklist by {sample.checklist.labeller}:"
        yield from (f"  - {_cut(item.text)} (turn {item.turn}: “{_cut(item.quote)}”)" for item in sample.checklist.items)
    yield from (f"Response {number}: {_response(one)}" for number, one in enumerate(sample.responses, start=1))


def _response(one: Response) -> str:
    prompt = f", prompt {one.prompt}, draw {one.draw}" if one.prompt else ""
    rewards = f", rewards {', '.join(f'{reward:.3f}' for reward in one.rewards)}" if one.rewards else ""
    state = "" if one.state == "ok" else f", {one.state}: {one.detail}"
    return f"{one.writer} {one.method} by {one.model or 'an unnamed model'}{prompt}{rewards}{state}"


def _became(story: RowStory) -> Iterator[str]:
    row = story.row
    if row.dropped_by is not None:
        yield f"Dropped by the gate {row.dropped_by}: {row.reason}"
    else:
        yield "Kept by all gates."
    for place in story.places:
        if place.dropped_by is not None and place.dropped_by != row.dropped_by:
            yield f"{place.folder}: dropped by {place.dropped_by}: {place.reason}"
        yield from (f"{place.folder}/{file}, line {number}" for file, number in sorted(place.lines.items()))
    if not story.places:
        yield "No export of this run names it."
    yield f"Recipe {story.recipe or 'unknown'}."


def _cut(text: str) -> str:
    line = " ".join(text.split())
    clean = "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(sign) in ("Cc", "Cf", "Cs") else sign for sign in line)
    return clean if len(clean) <= _SHOWN else clean[: _SHOWN - 1] + "…"
