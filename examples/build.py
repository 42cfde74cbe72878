"""Writes chats.jsonl from chats.txt: adds ids, invented users, models and times, all from one fixed seed.

The texts are written by hand in chats.txt and are copied as they stand; nothing is generated here. examples/README.md
describes both files and what was made uneven on purpose.
"""

from __future__ import annotations

import json
import random
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
START = datetime(2026, 8, 17, tzinfo=UTC)
WEEKS = 10
MODELS = ("aurora-1", "aurora-2", "pelican-mini")
WEIGHTS = {"ok": (31, 46, 23), "bad": (32, 20, 48)}
"""How often each model is drawn for a calm conversation and for one with complaints."""
PEOPLE = {"en": 29, "de": 4, "es": 4, "fr": 3, "zh": 2, "ja": 2, "pt": 2}
"""Invented users per language; languages that are not listed share the English ones."""
ROLES = {"S": "system", "U": "user", "A": "assistant"}
_MARK = re.compile(r"^([SUA])(?:\((\w+)\))?: ?", re.MULTILINE)

Row = dict[str, Any]


def main() -> None:
    rng = random.Random(20260817)
    rows: list[Row] = []
    named: dict[str, Row] = {}
    raw: list[str] = []
    for block in re.split(r"^=== ", (HERE / "chats.txt").read_text("utf-8"), flags=re.MULTILINE)[1:]:
        head, _, body = block.partition("\n")
        words = head.split()
        if words[0] == "raw":
            raw.append(body.strip("\n"))
        elif words[0] == "copy":
            rows.append(_copy(named[words[1]], words[2], body))
        else:
            row = _conversation(words, body, rng)
            rows.append(row)
            named.update({word[1:]: row for word in words if word.startswith("#")})
    rows.sort(key=lambda row: str(row["created_at"]))
    _number(rows)
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    for place, line in enumerate(raw, start=1):  # spread the dirty rows over the file
        lines.insert(place * len(lines) // (len(raw) + 1), line)
    (HERE / "chats.jsonl").write_text("\n".join(lines) + "\n", "utf-8", newline="\n")


def _conversation(words: list[str], body: str, rng: random.Random) -> Row:
    """A header such as `en bad week=3 #name` and its marked messages."""
    language, mood = words[:2]
    model = rng.choices(MODELS, WEIGHTS[mood])[0]
    week = next((int(word[5:]) for word in words if word.startswith("week=")), _week(model, mood, rng))
    moment = START + timedelta(weeks=week, days=rng.randrange(7), seconds=rng.randrange(6 * 3600, 22 * 3600))
    number = list(PEOPLE).index(language if language in PEOPLE else "en")
    first = sum(list(PEOPLE.values())[:number])
    user = f"user-{first + int(PEOPLE[list(PEOPLE)[number]] * rng.random() ** 1.5) + 1:02d}"  # some talk more than others
    row: Row = {"id": "", "user": user, "model": model, "created_at": moment.isoformat().replace("+00:00", "Z")}
    row["messages"] = []
    for role, mark, text in zip(*[iter(_MARK.split(body)[1:])] * 3, strict=True):
        row["messages"].append(_message(row, ROLES[role], mark, text.strip()))
    row["messages"] = [message for message in row["messages"] if message]
    return row


def _message(row: Row, role: str, mark: str | None, text: str) -> Row | None:
    """One message; `again` and `first` make the choices of a regenerated answer, `won` and `lost` a comparison."""
    if mark in ("again", "first"):
        row.setdefault("choices", []).append({"message": {"role": role, "content": text}, "finish_reason": "stop"})
        return None
    if mark in ("won", "lost"):
        row["chosen" if mark == "won" else "rejected"] = text
        return None
    message: Row = {"role": role, "content": text}
    if mark in ("up", "down"):
        message["feedback"] = {"rating": {"up": "thumbsUp", "down": "thumbsDown"}[mark]}
    elif mark:
        message["finish_reason"] = mark
    return message


def _week(model: str, mood: str, rng: random.Random) -> int:
    """Complaints about aurora-2 fall in the last weeks; everything else is even."""
    late = 0.12 if (model, mood) == ("aurora-2", "bad") else 1.0
    return rng.choices(range(WEEKS), [1.0] * 6 + [late] * 4)[0]


def _copy(row: Row, kind: str, body: str) -> Row:
    """A row sent again: `exact`, or `near` (other id, later, its last message replaced) or `longer` (with more messages)."""
    if kind == "exact":
        return row | {"same": row}
    later = datetime.fromisoformat(row["created_at"]) + timedelta(minutes=17)
    again = row | {"created_at": later.isoformat().replace("+00:00", "Z")}
    more = [_message(again, ROLES[r], mark, t.strip()) for r, mark, t in zip(*[iter(_MARK.split(body)[1:])] * 3, strict=True)]
    again["messages"] = [*(row["messages"][: -len(more)] if kind == "near" else row["messages"]), *more]
    return again


def _number(rows: list[Row]) -> None:
    """Ids in the order of time; an exact copy has the id of its first."""
    for number, row in enumerate(rows, start=1):
        if "same" not in row:
            row["id"] = f"chat-{number:04d}"
    for row in rows:
        if "same" in row:
            row["id"] = row.pop("same")["id"]


if __name__ == "__main__":
    main()
