"""Small invented logs for tests of the whole: repairs, praise, dirt and duplicates."""

from __future__ import annotations

from pathlib import Path

import orjson

Chat = list[tuple[str, str]]

REPAIRED: Chat = [
    ("user", "When did the first railway in Norway open? One sentence please."),
    ("assistant", "The first Norwegian railway opened in 1845 between Oslo and Bergen and it was a great success."),
    ("user", "No, that is wrong. It was 1854, and it ran to Eidsvoll."),
    ("assistant", "Norway's first railway opened in 1854 and ran from Oslo to Eidsvoll, a distance of 68 kilometres."),
    ("user", "Thank you, that is correct now!"),
    ("assistant", "Glad it helped."),
]
PRAISED: Chat = [
    ("user", "Give me a name for a grey cat."),
    ("assistant", "How about Ash? It is short, soft and fits a grey coat."),
    ("user", "Perfect, I love it, thanks!"),
    ("assistant", "Enjoy your time with Ash."),
]
NEUTRAL: Chat = [
    ("user", "What do bees eat in winter?"),
    ("assistant", "They live on the honey that they stored in summer."),
    ("user", "And how far do they fly in spring?"),
    ("assistant", "Mostly up to three kilometres from the hive."),
]
SINGLE: Chat = [("user", "Translate 'good morning' into Danish."), ("assistant", "Godmorgen.")]


def row(chat: Chat, **more: object) -> bytes:
    """One line of OpenAI messages."""
    return orjson.dumps({"messages": [{"role": role, "content": text} for role, text in chat], **more}) + b"\n"


def write_log(path: Path) -> Path:
    """Four conversations, one said twice, one broken line, one row without a user: 7 rows."""
    lines = [row(REPAIRED, id="repaired"), row(PRAISED, id="praised"), b'{"messages": [\n', row(NEUTRAL, id="neutral")]
    lines += [row(SINGLE, id="single"), row(PRAISED, id="praised-again"), row([("system", "Be kind.")], id="nobody")]
    path.write_bytes(b"".join(lines))
    return path
