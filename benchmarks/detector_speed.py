"""Measures how many user turns per second the embedded classifier labels on one core, on invented chats of realistic length.

Run `python benchmarks/detector_speed.py [conversations]`. A conversation holds 2.8 kB on average, an answer about 1 kB.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import random
import sys
import time

from rejoinder.feedback import DetectFeedback
from rejoinder.records import AnnotatedConversation, Conversation, Message, Origin

_WORDS = """
the of and a to in is you that it he was for on are as with his they I at be this have from or one had by word but not
what all were we when your can said there use an each which she do how their if will up other about out many then them
these so some her would make like him into time has look two more write go see number no way could people my than
first water been call who oil its now find long down day did get come made may part wrong again shorter thanks code
function error
""".split()  # noqa: SIM905 - a list of 120 quoted words reads worse


def conversations(count: int, seed: int = 0) -> list[Conversation]:
    """Invented chats of two to five turns; every word is drawn anew, so no two texts are equal."""
    rng = random.Random(seed)

    def text(words: int) -> str:
        return (
            " ".join(rng.choice(_WORDS) + (str(rng.randrange(1000)) if rng.random() < 0.1 else "") for _ in range(words)) + "."
        )

    def messages() -> tuple[Message, ...]:
        told = []
        for _ in range(rng.choice((1, 2, 2, 3, 4))):
            told.append(Message(role="user", content=text(min(int(rng.expovariate(1 / 30)) + 2, 400))))
            told.append(Message(role="assistant", content=text(min(int(rng.expovariate(1 / 190)) + 5, 900))))
        return tuple(told)

    origin = Origin(file="invented", row=1)
    return [Conversation(id=f"c{n}", source="invented", origin=origin, messages=messages()) for n in range(count)]


def main(count: int = 4_000) -> str:
    """Label `count` conversations five times on one core; return turns per second, best and median."""
    batch = conversations(count)
    detect = DetectFeedback()
    detect(batch[:50])  # reads the weights
    size = sum(len(m.content.encode()) for c in batch for m in c.messages) / count
    users, labelled, seconds = sum(len(c.turns) for c in batch), 0, []
    for _ in range(5):
        start = time.process_time()
        labelled = sum(len(c.feedback) for c in detect(batch) if isinstance(c, AnnotatedConversation))
        seconds.append(time.process_time() - start)
    best, median = min(seconds), sorted(seconds)[2]
    return (
        f"{count:,} conversations of {size:,.0f} bytes, {users:,} user turns, {labelled:,} of them follow a response; "
        f"CPU seconds of one core, five passes. User turns per second: best {users / best:,.0f}, median {users / median:,.0f}; "
        f"counting only those that follow a response: best {labelled / best:,.0f}, median {labelled / median:,.0f}."
    )


if __name__ == "__main__":
    print(main(int(sys.argv[1]) if len(sys.argv) > 1 else 4_000))
