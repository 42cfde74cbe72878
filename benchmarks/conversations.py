"""Generated logs of realistic length: WildChat-shaped rows, about 2.5 user turns and 2.8 kB of text each.

Sentences are drawn from a large invented stock, so that no two conversations are near-duplicates by accident; follow-ups
are drawn from the English part of the corpus, so that the classifier meets complaints, thanks and new requests.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

import orjson

from rejoinder.feedback.gold import LabelledConversation, read_corpus

CORPUS = Path(__file__).parents[1] / "corpus"
START = datetime(2026, 1, 1, tzinfo=UTC)
FEEDBACK = 0.3
"""Share of follow-ups that carry feedback, as in multi-turn chats (arXiv 2407.10944, section 4)."""
MODELS = ("aurora-1", "aurora-2", "pelican-mini")


def write_log(path: Path, conversations: int, seed: int = 0) -> None:
    """Write `conversations` rows as JSON lines."""
    with path.open("wb") as file:
        for row in rows(conversations, seed):
            file.write(orjson.dumps(row) + b"\n")


def rows(conversations: int, seed: int = 0) -> Iterator[dict[str, object]]:
    """Yield WildChat-shaped rows."""
    rng = random.Random(seed)
    sentences, neutral, telling = _sentences(rng, 40_000), _follow_ups(neutral=True), _follow_ups(neutral=False)
    for number in range(conversations):
        time = START + timedelta(seconds=30 * number)
        turns = min(12, 1 + int(rng.expovariate(1 / 1.5) + 0.5))
        messages = []
        for turn in range(turns):
            user = _text(rng, sentences, 2.2) if turn == 0 else rng.choice(telling if rng.random() < FEEDBACK else neutral)
            if turn and rng.random() < 0.5:
                user = f"{user} {rng.choice(sentences)}"
            messages.append({"role": "user", "content": user, "language": "English", "toxic": False})
            messages.append({"role": "assistant", "content": _text(rng, sentences, 11), "language": "English", "toxic": False})
        yield {
            "conversation_hash": f"{rng.getrandbits(128):032x}",
            "model": rng.choice(MODELS),
            "timestamp": time.isoformat(),
            "conversation": messages,
            "turn": turns,
            "language": "English",
            "hashed_ip": f"user-{rng.randrange(max(1, conversations // 4))}",
            "toxic": False,
        }


def _text(rng: random.Random, sentences: list[str], mean: float) -> str:
    return " ".join(rng.choices(sentences, k=1 + int(rng.expovariate(1 / mean))))


def _sentences(rng: random.Random, count: int) -> list[str]:
    """Sentences of 5 to 16 words whose frequencies fall as in a natural text."""
    words = sorted(
        {word for labelled in _corpus() for message in labelled.conversation.messages for word in message.content.split()}
    )
    rng.shuffle(words)
    weights = list(accumulate(1 / (rank + 3) for rank in range(len(words))))
    drawn = (rng.choices(words, cum_weights=weights, k=rng.randint(5, 16)) for _ in range(count))
    return [" ".join(sentence).capitalize() + "." for sentence in drawn]


def _follow_ups(*, neutral: bool) -> list[str]:
    """What users say after an answer in the corpus: either without feedback, or with it."""
    chosen = []
    for labelled in _corpus():
        requests = {turn.number: turn.request for turn in labelled.conversation.turns}
        chosen += [requests[label.turn] for label in labelled.labels if (label.label == "NEU") == neutral]
    return chosen


def _corpus() -> list[LabelledConversation]:
    return [labelled for path in sorted(CORPUS.glob("en_*.txt")) for labelled in read_corpus(path)]
