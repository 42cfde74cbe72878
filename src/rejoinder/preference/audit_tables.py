"""An audit as plain tables of words and numbers, for a report or a card that knows nothing of audits.

Chooses what is shown; `audit.json` holds all. Every figure stands with its interval and its n.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from rejoinder.preference.audit_counts import Audit, Counted, Figure, Leak, Overlap, SetAudit, Side


class AuditTable(msgspec.Struct, frozen=True):
    """A table with its title and what must be said beside it."""

    title: str
    note: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def audit_tables(folder: Path) -> tuple[AuditTable, ...]:
    """All tables of the `audit.json` in `folder`, the alarms first; none where there is no such file."""
    file = folder / "audit.json"
    if not file.exists():
        return ()
    return tuple(table for table in _tables(msgspec.json.decode(file.read_bytes(), type=Audit)) if table.rows)


def _tables(audit: Audit) -> Iterator[AuditTable]:
    yield _leaks(audit.sets)
    for one in audit.sets:
        note = f"{one.rows:,} kept rows, {one.pairs:,} of them pairs. Better less worse is pair by pair."
        head = ("Property", "Better", "n", "Worse", "n", "Better less worse", "n")
        yield AuditTable(f"Better against worse: {one.name}", note, head, tuple(_side(side) for side in one.sides))
        yield _names(f"Models: {one.name}", "Model", one.models)
        yield _names(f"Languages of the answers: {one.name}", "Language", one.languages)
    yield _quality(audit)
    yield _criteria(audit)
    yield _risks(audit)
    yield AuditTable(
        "Overlap with benchmarks",
        "Rows whose last request is a prompt of the benchmark, and others that share eight words in a row with one.",
        ("Benchmark", "Split", "Prompts", "Rows", "Same", "Share eight words"),
        tuple(row for one in audit.overlaps for row in _overlap(one)),
    )


def _leaks(sets: Sequence[SetAudit]) -> AuditTable:
    note = (
        "How well words alone, and length alone, tell better answers from worse ones: 0.5 is chance, 1 (for length also 0) is "
        "certain. The words are scored for users on whose answers they were not fitted."
    )
    head = ("Set", "Words, AUC", "Length, AUC", "n", "Alarm", "Words of the better ones", "Words of the worse ones")
    return AuditTable("Leak alarm", note, head, tuple(_leak(one.name, one.leak) for one in sets if one.leak is not None))


def _leak(name: str, one: Leak) -> tuple[str, ...]:
    alarm = f"ALARM (beyond {one.threshold})" if one.alarm else "none"
    words = one.problem or shown(one.words_auc, whole=False)
    given = (", ".join(one.better_words), ", ".join(one.worse_words)) if one.alarm else ("", "")
    return (name, words, shown(one.length_auc, whole=False), f"{one.length_auc.n:,}", alarm, *given)


def _side(side: Side) -> tuple[str, ...]:
    whole = side.measure not in ("characters", "turn of the logged answer")
    gap = shown(side.difference, whole=whole) if side.difference else "–"
    n = f"{side.difference.n:,}" if side.difference else "–"
    better, worse = shown(side.better, whole=whole), shown(side.worse, whole=whole)
    return (side.measure, better, f"{side.better.n:,}", worse, f"{side.worse.n:,}", gap, n)


def _names(title: str, head: str, rows: Sequence[Counted]) -> AuditTable:
    found = tuple((one.name, f"{one.better:,}", f"{one.worse:,}") for one in rows)
    return AuditTable(title, "Counted answers.", (head, "Better", "Worse"), found)


def _quality(audit: Audit) -> AuditTable:
    unrated = f" {audit.unrated:,} requests could not be rated." if audit.unrated else ""
    note = (
        f"Share of the seven criteria of BenchBuilder that a request meets, by {audit.rated_by}; at most {audit.sampled:,} "
        f"turns of each kind, drawn by the seed.{unrated} Where praised requests are poorer, praise teaches small talk."
    )
    rows = tuple((one.polarity, f"{one.turns:,}", shown(one.quality), f"{one.quality.n:,}") for one in audit.polarities)
    return AuditTable("Quality of the requests, by feedback", note, ("Feedback", "Turns in the log", "Criteria met", "n"), rows)


def _criteria(audit: Audit) -> AuditTable:
    names = tuple(audit.polarities[0].criteria) if audit.polarities else ()
    rows = tuple((name.replace("_", " "), *(shown(one.criteria[name]) for one in audit.polarities)) for name in names)
    head = ("Criterion", *(one.polarity for one in audit.polarities))
    return AuditTable("Criteria one by one, by feedback", f"Marked by {audit.rated_by}.", head, rows)


def _risks(audit: Audit) -> AuditTable:
    note = (
        "Flagged: requests or responses that the log's own moderation flags, among those with a verdict. Unsafe: requests that "
        "a list of phrases or the embedded classifier names. "
        f"Refusals: responses in {audit.refusal_clusters} of {audit.clusters} clusters of openings in "
        "which at least half begin with a refusal; beside it those that do so themselves."
    )
    rows = tuple(
        (one.polarity, *_with_n(one.toxic), *_with_n(one.suspect), *_with_n(one.refusals), shown(one.refusal_phrases))
        for one in audit.polarities
    )
    head = ("Feedback", "Flagged", "n", "Unsafe", "n", "Refusals", "n", "By phrase")
    return AuditTable("Toxicity and refusals, by feedback", note, head, rows)


def _with_n(one: Figure) -> tuple[str, str]:
    return shown(one), f"{one.n:,}"


def _overlap(one: Overlap) -> Iterator[tuple[str, ...]]:
    for split, rows in one.rows.items():
        same, shared = one.same.get(split, 0), one.shared.get(split, 0)
        yield (one.benchmark, split, f"{one.prompts:,}", f"{rows:,}", f"{same:,}", f"{shared:,}")


def shown(one: Figure, *, whole: bool = True) -> str:
    """A figure with its interval: as per cent where `whole`, as a number otherwise; a dash where nothing is known."""
    if one.value is None:
        return "–"

    def word(value: float) -> str:
        return f"{100 * value:.1f} %" if whole else f"{value:.2f}" if abs(value) < 100 else f"{value:,.0f}"

    span = f" ({word(one.low)} to {word(one.high)})" if one.low is not None and one.high is not None else " (no interval)"
    return word(one.value) + span
