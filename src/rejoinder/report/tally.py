"""From the datasets of a run to all numbers of its report, in the order in which they are read.

Draws nothing.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from rejoinder.report.advice import advice
from rejoinder.report.asked import asked
from rejoinder.report.audit import audited
from rejoinder.report.built import built_sets
from rejoinder.report.complaints import count_complaints, sample_complaints
from rejoinder.report.flat import flattened
from rejoinder.report.groups import by_column, by_position, by_time
from rejoinder.report.numbers import Numbers
from rejoinder.report.prevalence import categories, count_categories, headline
from rejoinder.report.quality import quality
from rejoinder.report.reading import what_was_read
from rejoinder.report.signals import explicit_signals
from rejoinder.report.sources import ReportSources
from rejoinder.report.themes import themes
from rejoinder.report.yields import yields
from rejoinder.taxonomies import load


def tally(sources: ReportSources, folder: Path) -> Numbers:
    """Count and estimate everything; temporary tables lie in `folder` while it works.

    Raises:
        StoreError: a part is damaged, or `folder` is not writable.
        UsageError: the taxonomy is unknown.
    """
    taxonomy, confusion = load(sources.taxonomy), sources.confusion
    read = what_was_read(sources)
    with flattened(sources.annotated, folder) as flat:
        counts = count_categories(flat, taxonomy)
        found = headline(counts, confusion, taxonomy, sources.annotated.written, sources.seed)
        kinds = categories(counts, confusion, taxonomy, found, sources.seed)
        positions, times = by_position(flat, taxonomy), by_time(flat, taxonomy)
        models, languages = by_column(flat, taxonomy, "model"), by_column(flat, taxonomy, "language")
        signals = explicit_signals(flat)
        complaints = sample_complaints(sources.annotated, flat, sources.seed)
        grouped = themes(sources.annotated, complaints, count_complaints(flat), sources.seed)
        limits = quality(flat, confusion, taxonomy, sources.labeller, found, read)
    examples = yields(sources.examples, sources.falling)
    return Numbers(
        headline=found,
        read=read,
        categories=kinds,
        positions=positions,
        times=times,
        models=models,
        languages=languages,
        signals=signals,
        themes=grouped,
        yields=examples,
        built=built_sets(sources.built),
        audit=audited(sources.audit),
        quality=limits,
        advice=advice(found, read, kinds, (positions, models, languages, times), grouped, examples, limits),
        asked=asked(sources),
        seed=sources.seed,
        settings=msgspec.to_builtins(dict(sources.settings)),
    )
