"""The sample files of all formats as rows, and the rows as the core hands them to a reader; knows no reader's insides."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rejoinder.ingest.draft import Draft, DraftMessage
from rejoinder.ingest.format import Container, Format, Sample
from rejoinder.ingest.readers import FORMATS

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "examples" / "formats"
SHARED = ROOT.parent / "shared" / "data"
BY_NAME = {form.name: form for form in FORMATS}

INVENTED = {
    "wildchat.jsonl": "wildchat",
    "wildchat_older.jsonl": "wildchat",
    "lmsys.jsonl": "lmsys",
    "sharegpt.json": "sharegpt",
    "openai_messages.jsonl": "openai-messages",
    "openai_requests.jsonl": "openai-messages",
    "openai_preferences.jsonl": "openai-messages",
    "chatgpt_export/conversations.json": "chatgpt-export",
    "claude_export/conversations.json": "claude-export",
    "open_webui_chats.json": "open-webui",
    "open_webui_feedback.json": "open-webui-feedback",
    "librechat.json": "librechat",
    "librechat_flat.json": "librechat",
    "chatbotui.json": "chatbotui",
    "langfuse.json": "langfuse",
    "langfuse_rows.jsonl": "langfuse",
    "otel_genai.jsonl": "otel",
    "otel_openinference.jsonl": "otel",
    "wildfeedback.json": "wildfeedback",
    "wildfeedback_utterances.json": "wildfeedback",
    "gold.jsonl": "gold",
    "rated.jsonl": "gold",
    "llm_logs.json": "llm-logs",
}
PUBLISHED = {
    "export_formats/chatbotui_export.json": "chatbotui",
    "export_formats/chatgpt_conversations.json": "chatgpt-export",
    "export_formats/claude_ai_conversations.json": "claude-export",
    "export_formats/langfuse_session_with_scores.constructed.json": "langfuse",
    "export_formats/librechat_export.json": "librechat",
    "export_formats/llm_logs_rows.constructed.json": "llm-logs",
    "export_formats/openwebui_chats_export.json": "open-webui",
    "export_formats/openwebui_feedback_export.constructed.json": "open-webui-feedback",
    "export_formats/sharegpt_format_dummy.json": "sharegpt",
    "gold/dev.jsonl": "gold",
    "oasst/conversations.jsonl": "gold",
    "realhumaneval/conversations.jsonl": "gold",
    "hh_rlhf_harmless/conversations.jsonl": "gold",
}


def rows_in(path: Path) -> list[Any]:
    """The rows of a file, as the core decodes them."""
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            return [{name: cell or None for name, cell in row.items()} for row in csv.DictReader(file)]
    text = path.read_text()
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines()]
    value = json.loads(text)
    return value if isinstance(value, list) else [value]


def sample_of(path: Path) -> Sample:
    """What detection sees of a file."""
    containers: dict[str, Container] = {".jsonl": "lines", ".csv": "csv"}
    return Sample(path.name, containers.get(path.suffix, "array"), tuple(rows_in(path)[:20]))


def handed(form: Format, rows: Iterable[Any]) -> list[Any]:
    """Rows as `read` gets them: one by one, or `{"rows": [...]}` for each group in order."""
    if form.starts is not None:
        groups: list[list[Any]] = []
        for row in rows:
            if form.starts(row) or not groups:
                groups.append([])
            groups[-1].append(row)
        return [{"rows": group} for group in groups]
    if form.group is None:
        return list(rows)
    return _grouped(form, list(rows))


def _grouped(form: Format, rows: list[Any]) -> list[Any]:
    assert form.group is not None
    places = [(form.group(row) or (f"alone {number}", 0.0), row) for number, row in enumerate(rows)]
    joined = {link: key for (key, _), row in places for link in (form.links(row) if form.links else ())}
    groups: dict[str, list[tuple[str | float, Any]]] = {}
    for (key, position), row in places:
        groups.setdefault(joined.get(key, key), []).append((position, row))
    return [{"rows": [row for _, row in sorted(group, key=lambda pair: pair[0])]} for group in groups.values()]


def drafts_of(path: Path, name: str, sidecars: dict[str, Any] | None = None) -> list[Draft]:
    """All conversations of a file."""
    form = BY_NAME[name]
    return [draft for row in handed(form, rows_in(path)) for draft in form.read(row, sidecars or {})]


def example(file: str, **sidecars: Any) -> list[Draft]:
    """All conversations of one of our invented samples."""
    return drafts_of(EXAMPLES / file, INVENTED[file], sidecars)


def signals(message: Any) -> list[tuple[str, float | None, str | None]]:
    """Signals of a message or alternative in short: kind, value, name."""
    return [(signal.kind, signal.value, signal.name) for signal in message.signals]


def words(draft: Draft) -> list[tuple[Any, Any]]:
    """Role and content of every message."""
    return [(message.role, message.content) for message in draft.messages]


def by_id(draft: Draft, id_: str) -> DraftMessage:
    """The message with an id."""
    return next(message for message in draft.messages if message.id == id_)
