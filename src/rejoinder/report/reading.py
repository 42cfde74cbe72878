"""What was read: files, rows and where they went, reasons, languages, models, users, the span of time.

Counts only; why a row fell is what the stages wrote down.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rejoinder.report.numbers import Counted, File, Read, Reason
from rejoinder.report.shown import cut
from rejoinder.report.sources import LogFile, ReportSources
from rejoinder.store import Dataset, query

MOST_FILES = 40
MOST_NAMES = 12

_FACTS = """
SELECT coalesce(sum(len(messages)), 0)::BIGINT AS messages, count("user") AS with_user, count(DISTINCT "user") AS users,
       count(*) - count(DISTINCT (source, id)) AS repeated_ids, count(began) AS with_time,
       min(began) AS first, max(began) AS last,
       coalesce(sum(len(list_filter(messages, lambda m: m.role = 'user'))), 0)::BIGINT AS user_turns
FROM (SELECT id, source, messages, "user",
             coalesce(time, list_min(list_transform(messages, lambda m: m.time))) AS began FROM kept)
"""
_REASONS = """
SELECT stage, reason, count(*) AS n, arg_min(detail, place) AS detail, arg_min(file, place) AS file, arg_min(row, place) AS row
FROM (SELECT stage, reason, detail, origin.file AS file, origin.row AS row,
             coalesce(origin.file, '') || lpad(coalesce(origin.row, 0)::VARCHAR, 15, '0') || item || detail AS place FROM fell)
GROUP BY stage, reason ORDER BY n DESC, stage, reason
"""


def what_was_read(sources: ReportSources) -> Read:
    """Rows, files, reasons and who and what the kept conversations are about."""
    rows, duplicates, quarantined = sources.read.read, sources.kept.failed, sources.read.failed
    kept = sources.kept.written
    facts = _ask(_FACTS, sources.kept)[0] if kept else {}
    files = _files(sources)
    return Read(
        files=files[:MOST_FILES],
        more_files=max(0, len(files) - MOST_FILES),
        rows=rows,
        kept=kept,
        duplicates=duplicates,
        quarantined=quarantined,
        balanced=rows == kept + duplicates + quarantined,
        unlabelled=sources.annotated.failed,
        reasons=tuple(one for dataset in (sources.read, sources.kept, sources.annotated) for one in _reasons(dataset)),
        messages=facts.get("messages", 0),
        user_turns=facts.get("user_turns", 0),
        users=facts.get("users", 0),
        with_user=facts.get("with_user", 0),
        first=_day(facts.get("first")),
        last=_day(facts.get("last")),
        repeated_ids=facts.get("repeated_ids", 0),
        with_time=facts.get("with_time", 0),
        languages=_names("coalesce(nullif(language, 'und'), '')", sources.kept),
        models=_names("coalesce(model, '')", sources.kept),
    )


def _ask(sql: str, kept: Dataset) -> list[dict[str, Any]]:
    return query(sql, kept=kept.files)


def _files(sources: ReportSources) -> tuple[File, ...]:
    """The files that the run was given; where it was given none, those that the kept conversations name."""
    found = {}
    if sources.kept.written:
        sql = "SELECT origin.file AS file, min(source) AS format, count(*) AS n FROM kept GROUP BY 1 ORDER BY 1"
        found = {row["file"]: row for row in _ask(sql, sources.kept)}
    given = sources.files or tuple(LogFile(row["file"], row["format"]) for row in found.values())
    return tuple(
        File(
            file=cut(one.file, 200),
            format=one.format,
            evidence=cut(one.evidence, 200),
            conversations=found[one.file]["n"] if one.file in found else 0,
        )
        for one in given
    )


def _reasons(dataset: Dataset) -> tuple[Reason, ...]:
    if not dataset.failed:
        return ()
    return tuple(
        Reason(
            stage=row["stage"],
            reason=row["reason"],
            n=row["n"],
            detail=cut(row["detail"], 200),
            where=cut(f"{row['file']}, row {row['row']}", 200) if row["file"] else "",
        )
        for row in query(_REASONS, fell=dataset.failure_files)
    )


def _names(column: str, kept: Dataset) -> tuple[Counted, ...]:
    """The commonest values of a column, the rest as `other (how many)`; unknown as the empty name, at the end."""
    if not kept.written:
        return ()
    rows = _ask(f"SELECT {column} AS name, count(*) AS n FROM kept GROUP BY 1 ORDER BY n DESC, name", kept)
    known = [row for row in rows if row["name"]]
    head, tail = known[:MOST_NAMES], known[MOST_NAMES:]
    counted = [(cut(row["name"], 60), row["n"]) for row in head]
    if tail:
        counted.append((f"other ({len(tail)})", sum(row["n"] for row in tail)))
    counted += [("", row["n"]) for row in rows if not row["name"]]
    return tuple(Counted(name=name, count=n, n=kept.written) for name, n in counted)


def _day(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).date().isoformat()
