"""The messages of an example as the plain dicts that trainers read: roles alternate from the first user message on.

Every function builds new dicts; texts stand as logged.
"""

from __future__ import annotations

from typing import Any

from rejoinder.records import PreferenceExample

Row = dict[str, Any]


def prompt(example: PreferenceExample) -> list[Row]:
    """The context, system first where there is one, then user and assistant in turn, a user message last.

    An assistant message before the first user message is left out: chat templates refuse it.
    """
    context = example.context
    system = [m for m in context[:1] if m.role == "system"]
    first = next((i for i, m in enumerate(context) if m.role == "user"), len(context))
    return [{"role": m.role, "content": m.content} for m in (*system, *context[first:])]


def logged(example: PreferenceExample) -> list[Row]:
    """The context with an assistant's greeting, for formats that take any order of roles."""
    return [{"role": m.role, "content": m.content} for m in example.context]


def said(text: str | None) -> Row:
    """One assistant message."""
    return {"role": "assistant", "content": text or ""}


def system_and_turns(example: PreferenceExample) -> tuple[str, list[Row]]:
    """The system message (empty where there is none) and the other messages, apart."""
    messages = prompt(example)
    if messages and messages[0]["role"] == "system":
        return messages[0]["content"], messages[1:]
    return "", messages


def completion(example: PreferenceExample) -> str:
    """The one answer of an unpaired or SFT example, good or bad."""
    return (example.chosen if example.chosen is not None else example.rejected) or ""
