"""The table of contents: every chapter of a run, in order. Each reads what the one before left in the run folder.

logs -> conversations -> feedback -> preference examples, mined and built -> trainer files -> report
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import msgspec

from rejoinder.engine import Engine, InProcess, ProcessPool, Progress, Run
from rejoinder.errors import InputError, UsageError, WaitingError
from rejoinder.feedback import DetectFeedback, RefineFeedback, load_card
from rejoinder.gateway.dry_run import Forecast
from rejoinder.identity import fingerprint
from rejoinder.ingest import ReadLogs, Sketch, check_kinds, find_duplicates, left_out, plan
from rejoinder.models import Asking, Models, asked_of, with_models
from rejoinder.preference import (
    MOST,
    AssembleExamples,
    BuildPlan,
    CardFacts,
    DrawSamples,
    Fall,
    GradeResponses,
    MarkRows,
    MinePreferences,
    RatePrompts,
    TakeSamples,
    asking_stages,
    audit_tables,
    benchmark_files,
    built_counts,
    chosen_threshold,
    export_examples,
    export_graded,
    falls,
    first_stage,
    gates_with,
    grading_gates,
    prompt_limits,
    subset_sizes,
    subsets_of,
    write_audit,
    write_building,
)
from rejoinder.prompts.detect_feedback import DetectPrompt
from rejoinder.records import AnnotatedConversation, Conversation, PreferenceExample, PromptQuality
from rejoinder.report import BuiltSets, LogFile, ReportSources, write_report
from rejoinder.results import Ingested, Result
from rejoinder.settings import Settings, checked, load_settings
from rejoinder.store import Dataset, drawn_parts, flatten, read_dataset, write_failures, write_json

Tell = Callable[[Progress], None]
_ALL = 2.0
"""A probability that no label reaches: every turn is asked about."""
AUDITED = 10_000
"""Conversations, in whole parts drawn by the seed, that the audit of a larger log looks at."""


def run(
    logs: str | Path | Sequence[str | Path],
    output: str | Path,
    settings: Settings | None = None,
    *,
    workers: int | None = None,
    progress: Tell = lambda _: None,
    resume: bool = True,
    asking: Asking | None = None,
) -> Result:
    """Do everything, from a chat log to the report; the same call on the same folder goes on where it was.

    Args:
        logs: files, folders, globs or `-`; one or several.
        output: the run folder, made if it does not exist.
        settings: all defaults when left out.
        workers: processes; as many as there are cores when left out, 1 works in this process.
        progress: called after each finished unit.
        resume: False forgets what the folder holds, but for answers of models, which were paid for.
        asking: how models are asked, where the settings name any.

    Raises:
        InputError: a log cannot be read at all, or holds no conversation.
        StoreError: the folder cannot be written, or another process works in it.
        ModelError, BudgetError, WaitingError: a model cannot be asked, costs too much, or will answer later.
    """
    chosen, asking = checked(settings or Settings()), asking or Asking()
    with Models(Path(output), chosen.models, asking) as models:
        list(asking_stages(_plan(chosen, models)))  # a model that is missing stops the run before the first row is read
    with opened(Path(output), workers, progress, resume=resume) as work:
        ingest(work, logs, chosen)

        def chapters(models: Models) -> Result:
            detect(work, chosen, models)
            pairs(work, chosen)
            build(work, chosen, models)
            rate(work, chosen, models)
            work.engine.close()  # what follows is done here: idle workers would only hold their memory
            _finish(work, chosen)
            return Result.of(work.folder)

        return with_models(work.folder, chosen.models, asking, chapters)


def forecast(
    logs: str | Path | Sequence[str | Path],
    output: str | Path,
    settings: Settings,
    *,
    workers: int | None = None,
    progress: Tell = lambda _: None,
    asking: Asking | None = None,
) -> tuple[Forecast, ...]:
    """What `run` would ask of models and what it would cost; what needs no model is really done, and stays done.

    The requests are the real ones of the real run, as far as they do not depend on answers that are not there yet.
    """
    asking = replace(asking or Asking(), dry_run=True)
    with opened(Path(output), workers, progress) as work, Models(work.folder, settings.models, asking) as models:
        ingest(work, logs, settings)
        with suppress(WaitingError):
            detect(work, settings, models)
            build(work, settings, models)
            rate(work, settings, models)
        return models.forecasts()


def ingest(work: Run, logs: str | Path | Sequence[str | Path], settings: Settings) -> Ingested:
    """Chapter 1: logs become conversations; what cannot be one is quarantined, what was said before is dropped."""
    names = [str(log) for log in ([logs] if isinstance(logs, str | Path) else logs)]
    chosen = settings.ingest
    columns = tuple(sorted(chosen.columns.items()))
    spool = work.folder / "data" / "spool"
    step = ReadLogs(column_map=columns, redact=check_kinds(chosen.redact), detect_language=chosen.detect_language)
    found = plan(names, spool=spool, format=chosen.format, column_map=columns, limit=chosen.limit)
    read = work.each("read", step, [(unit.fingerprint, unit) for unit in found.units])
    sketches = work.map("sketches", Sketch(), read)
    repeated = find_duplicates(sketches, chosen.near_duplicates)
    conversations = work.without("conversations", read, left_out(read, repeated))
    write_json(work.folder / "sources.json", found.detected)
    write_json(work.folder / "settings.json", settings)
    work.once("quarantine", read.fingerprint, lambda folder: write_failures(read, folder / "quarantine.jsonl"))
    if not conversations.written:
        raise InputError(
            f"no conversation in {', '.join(names)}", remedy=f"See {work.folder / 'quarantine'} for each row's reason."
        )
    return Ingested(found.detected, read, conversations)


def detect(work: Run, settings: Settings | None = None, models: Models | None = None) -> Dataset:
    """Chapter 2: every user turn that follows a response says something about it, or nothing.

    The embedded classifier labels all turns; a model, where there is one, is asked where the classifier is not sure.
    """
    conversations, chosen = _dataset(work, "conversations", Conversation), (settings or Settings()).feedback
    if models is None or models.named("detector") is None:
        annotated = work.map("annotated", DetectFeedback(), conversations)
    else:
        classified = work.map("classified", DetectFeedback(), conversations)
        prompt = DetectPrompt() if chosen.rubrics else DetectPrompt(rubrics=None)
        threshold = _ALL if chosen.ask == "all" else chosen.ask_below
        stage = RefineFeedback(models.needed("detector"), threshold, prompt, trust=chosen.trust)
        annotated = work.ask("annotated", stage, classified, models.gateway, in_flight=models.in_flight)
    work.once("feedback", annotated.fingerprint, lambda folder: flatten(annotated, folder / "feedback.parquet"))
    return annotated


def pairs(work: Run, settings: Settings) -> Dataset:
    """Chapter 3: feedback becomes preference examples, each kept or dropped by a named gate."""
    card, chosen = load_card(), settings.feedback
    step = MinePreferences(
        pair_threshold=chosen.pair_threshold if chosen.pair_threshold is not None else card["pair_threshold"],
        good_threshold=chosen.good_threshold if chosen.good_threshold is not None else card["good_threshold"],
        seed=settings.seed,
        held_out=settings.preference.held_out,
        gates=gates_with(settings.preference.drop, settings.preference.unsafe_threshold),
    )
    examples = work.map("examples", step, _dataset(work, "annotated", AnnotatedConversation))
    work.map("marks", MarkRows(), examples)
    return examples


def build(work: Run, settings: Settings, models: Models) -> Dataset | None:
    """Chapter 4: data sets built response by response, for the arms that a recipe names; None where it names none."""
    chosen, wanted, annotated = settings.build, settings.preference, _dataset(work, "annotated", AnnotatedConversation)
    sure, seed, held_out, unsafe = _thresholds(settings), settings.seed, wanted.held_out, wanted.unsafe_threshold
    if chosen.grades:
        graded = work.map("graded", GradeResponses(*sure, seed=seed, held_out=held_out, gates=grading_gates(unsafe)), annotated)
        work.once("graded", graded.fingerprint, lambda folder: export_graded(graded, folder))
    if not chosen.arms:
        return None
    draws = DrawSamples(
        subsets_of(chosen.arms),
        *sure,
        seed,
        chosen.per_conversation,
        chosen.control_share,
        chosen.most_characters,
        least=chosen_threshold(unsafe),
    )
    drawn = work.map("drawn", draws, annotated)
    sizes = subset_sizes(drawn.rows(), draws.subsets, chosen.size, equal=chosen.equal_sizes)
    samples = _asked_samples(work, settings, models, work.map("samples", TakeSamples(draws, sizes), annotated))
    recipe, gates = fingerprint("settings", settings), gates_with(wanted.drop, unsafe)
    step = AssembleExamples(chosen.arms, chosen.keep, seed=seed, held_out=held_out, recipe=recipe, gates=gates)
    examples = work.map("built", step, samples)
    inputs, named = [samples.fingerprint, examples.fingerprint, sizes, wanted], (chosen.arms, wanted.targets)
    restricted = wanted.allow_restricted
    work.once(
        "arms",
        inputs,
        lambda folder: write_building(folder, sizes, drawn, samples, examples, *named, allow_restricted=restricted),
    )
    return examples


def rate(work: Run, settings: Settings, models: Models) -> Dataset | None:
    """For the audit, a model says how much the requests behind each polarity ask for; None where the recipe asks for none."""
    wanted = settings.preference.rate_prompts
    if not wanted:
        return None
    annotated = _dataset(work, "annotated", AnnotatedConversation)
    stage = RatePrompts(models.needed("default"), prompt_limits(annotated.rows(), wanted, settings.seed), settings.seed)
    return work.ask("rated", stage, annotated, models.gateway, in_flight=models.in_flight)


def audit(work: Run, settings: Settings, benchmarks: Sequence[Path] | None = None) -> Path:
    """What the examples could teach by accident; benchmarks that were named once are looked at until others are named."""
    annotated, wanted = _dataset(work, "annotated", AnnotatedConversation), settings.preference.rate_prompts
    examples = [_dataset(work, name, PreferenceExample) for name in ("examples", *(("built",) if settings.build.arms else ()))]
    ratings = [_dataset(work, "rated", PromptQuality)] if wanted else []
    if not wanted:  # what a model rates is drawn from all
        parts = drawn_parts(annotated, AUDITED, settings.seed)
        annotated, *examples = [one.only(parts) for one in (annotated, *examples)]
    against = benchmark_files(benchmarks, work.folder / "audit")
    inputs = [[part.fingerprint for part in (annotated, *examples, *ratings)], against, settings.seed, wanted]
    named, most = [Path(file) for file, _ in against], wanted or MOST
    return work.once(
        "audit", inputs, lambda folder: write_audit(folder, annotated, examples, named, *ratings, seed=settings.seed, most=most)
    )


def export(work: Run, settings: Settings) -> Path:
    """Chapter 5: kept examples in the formats that trainers read, dropped ones beside them."""
    return _export(work, settings, audit(work, settings), _falling(work))


def report(work: Run, settings: Settings) -> Path:
    """Chapter 6: the numbers of all chapters, with the audit, on one page to read."""
    audit(work, settings)
    return _report(work, settings, _falling(work))


def opened(folder: Path, workers: int | None = None, progress: Tell = lambda _: None, *, resume: bool = True) -> Run:
    """Open a run folder for work; use it as a context manager, it is locked for this process until then."""
    if workers is not None and workers < 1:
        raise UsageError(f"workers is {workers}; it must be 1 or more.")
    return Run(folder, _engine(workers or os.cpu_count() or 1), progress, resume=resume)


def settings_of(folder: Path, recipe: Path | None = None) -> Settings:
    """The given recipe, or the settings that the run folder was made with."""
    saved = folder / "settings.json"
    return load_settings(recipe if recipe is not None or not saved.exists() else saved)


def _asked_samples(work: Run, settings: Settings, models: Models, samples: Dataset) -> Dataset:
    """The samples with checklists, regenerated answers, verdicts and rewards, as far as the arms need them."""
    plan = _plan(settings, models)
    if step := first_stage(plan):
        samples = work.map("evidence", step, samples)
    for name, stage in asking_stages(plan):
        samples = work.ask(name, stage, samples, models.gateway, in_flight=models.in_flight)
    return samples


def _plan(settings: Settings, models: Models) -> BuildPlan:
    chosen = settings.build
    roles = {role: name for role in ("expert", "policy", "judge") if (name := models.named(role))}
    if "reward" in settings.models:
        roles["reward"] = models.needed("reward")
    return BuildPlan(chosen.arms, chosen.checklists, chosen.judge, roles, chosen.temperature, chosen.max_tokens)


def _thresholds(settings: Settings) -> tuple[float, float]:
    """Least probabilities of a complaint and of praise that samples and grades rest on."""
    card, own = load_card(), settings.build.least_probability
    return (card["pair_threshold"], card["good_threshold"]) if own is None else (own, own)


def _engine(workers: int) -> Engine:
    return InProcess() if workers == 1 else ProcessPool(workers)


def _dataset(work: Run, name: str, record: type) -> Dataset:
    return read_dataset(work.folder / "data" / name, record)


def _finish(work: Run, settings: Settings) -> None:
    """Chapters 5 and 6 side by side: the files are written in Python, the numbers are mostly counted by DuckDB."""
    audited, falling = audit(work, settings), _falling(work)
    with ThreadPoolExecutor(1) as beside:
        exported = beside.submit(_export, work, settings, audited, falling)
        _report(work, settings, falling)
        exported.result()


def _export(work: Run, settings: Settings, audited: Path, falling: dict[int, Fall]) -> Path:
    examples, chosen = _dataset(work, "examples", PreferenceExample), settings.preference
    annotated, ingested = _dataset(work, "annotated", AnnotatedConversation), Ingested.of(work.folder)
    read, kept = ingested.read, ingested.conversations
    counts = {"read": read.read, "kept": kept.written, "duplicate": kept.failed, "quarantined": read.failed}
    card = CardFacts(counts, audit_tables(audited))
    return work.once(
        "preference",
        [examples.fingerprint, annotated.fingerprint, counts, card.tables, chosen],
        lambda folder: export_examples(
            examples,
            folder,
            chosen.targets,
            allow_restricted=chosen.allow_restricted,
            annotated=annotated,
            card=card,
            falling=falling,
        ),
    )


def _report(work: Run, settings: Settings, falling: dict[int, Fall]) -> Path:
    sources = _sources(work, settings, falling)
    datasets = (sources.read, sources.kept, sources.annotated, sources.examples)
    built = sources.built and (sources.built.examples.fingerprint, sources.built.counts)
    inputs = [[one.fingerprint for one in datasets], sources.files, sources.asked, sources.audit, built, settings]
    return work.once("report", inputs, lambda folder: write_report(sources, folder)) / "report.html"


def _falling(work: Run) -> dict[int, Fall]:
    """Rows that fall because of other rows, by their place; made here where a run was stopped before it made the marks."""
    return falls(work.map("marks", MarkRows(), _dataset(work, "examples", PreferenceExample)).rows)


def _sources(work: Run, settings: Settings, falling: dict[int, Fall]) -> ReportSources:
    found, card, asked = Result.of(work.folder), load_card(), settings.models.get("detector") or settings.models.get("default")
    counts = built_counts(work.folder / "arms") if settings.build.arms else None
    return ReportSources(
        read=found.ingested.read,
        kept=found.ingested.conversations,
        annotated=found.annotated,
        examples=found.examples,
        audit=msgspec.to_builtins(audit_tables(work.folder / "audit")),
        falling={place: fall.gate for place, fall in falling.items()},
        built=BuiltSets(_dataset(work, "built", PreferenceExample), counts) if counts else None,
        # the card's errors are the classifier's own: they say nothing of labels that a model has changed
        confusion=None if asked else tuple(tuple(row) for row in card["confusion"]["all"]),
        labeller=f"embedded-classifier {card['fingerprint']}" + (f", and {asked.model} where it was unsure" if asked else ""),
        asked=asked_of(work.folder),
        files=tuple(LogFile(log.file, log.format, log.why) for log in found.ingested.logs),
        seed=settings.seed,
        settings=msgspec.to_builtins(settings),
    )
