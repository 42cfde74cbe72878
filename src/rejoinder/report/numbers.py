"""Every number of a report, as one frozen tree: `report.json` is this tree, the two pages are drawings of it.

Computes nothing. Shares lie in [0, 1]; intervals are at the 95 % level; times are ISO 8601 dates in UTC.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all nodes: frozen and keyword-only."""


class Share(Value, frozen=True, kw_only=True):
    """A counted share and its interval; `share` is 0 and the interval (0, 1) where `n` is 0."""

    count: int
    n: int
    share: float
    low: float
    high: float


class Estimate(Value, frozen=True, kw_only=True):
    """A share corrected for the detector's measured error, with an interval that carries both uncertainties."""

    share: float
    low: float
    high: float


class Polarities(Value, frozen=True, kw_only=True):
    """Counted and corrected shares of one polarity among all answered turns."""

    polarity: str
    observed: Share
    corrected: Estimate | None


class Headline(Value, frozen=True, kw_only=True):
    """The answer of the report."""

    sentence: str
    notes: tuple[str, ...]
    conversations: int
    """Annotated conversations, with or without an answered turn."""
    answered: int
    """Conversations in which a user spoke after a response."""
    turns: int
    """User turns that follow a response: the denominator of every share of feedback."""
    polarities: tuple[Polarities, ...]
    """negative, neutral, positive."""
    clusters: int
    """Independent units of the intervals: users where known, else conversations."""
    problem: str | None
    """Why nothing was corrected: `not-measured`, `no-observations`, `unmeasured-category`, `not-identifiable`."""
    validation: int
    """Labelled turns on which the detector's error was measured."""


class Reason(Value, frozen=True, kw_only=True):
    """Rows that fell at one stage for one reason."""

    stage: str
    reason: str
    n: int
    detail: str
    """What the first of them said."""
    where: str
    """File and row of the first of them, where known."""


class Counted(Value, frozen=True, kw_only=True):
    """A name and how often it occurs among `n`."""

    name: str
    count: int
    n: int


class File(Value, frozen=True, kw_only=True):
    """One input file, the format it was read with, and the conversations kept from it."""

    file: str
    format: str
    evidence: str
    conversations: int


class Read(Value, frozen=True, kw_only=True):
    """What was read; `rows` = `kept` + `duplicates` + `quarantined` where `balanced`."""

    files: tuple[File, ...]
    more_files: int
    """Files beyond those listed."""
    rows: int
    kept: int
    duplicates: int
    quarantined: int
    balanced: bool
    unlabelled: int
    """Kept conversations that the detector failed on."""
    reasons: tuple[Reason, ...]
    messages: int
    user_turns: int
    users: int
    """Distinct users among conversations that name one."""
    with_user: int
    first: str | None
    last: str | None
    repeated_ids: int
    """Kept conversations whose id and format an earlier one has, too."""
    with_time: int
    languages: tuple[Counted, ...]
    models: tuple[Counted, ...]


class Category(Value, frozen=True, kw_only=True):
    """One category of feedback."""

    name: str
    title: str
    definition: str
    polarity: str
    observed: Share
    corrected: Estimate | None


class Group(Value, frozen=True, kw_only=True):
    """Answered turns that share a position, a week, a model or a language; counts as the detector made them."""

    name: str
    n: int
    negative: Share
    positive: Share
    categories: tuple[int, ...]
    """Turns per category, in the order of `Numbers.categories`."""


class Grouping(Value, frozen=True, kw_only=True):
    """Answered turns by one property."""

    by: str
    """`turn`, `day`, `week`, `month`, `year`, `model` or `language`."""
    groups: tuple[Group, ...]
    pooled: int
    """Groups too small to stand alone, counted together as the last one, `other (3)`."""
    unknown: int
    """Turns for which the log does not tell."""


class SignalRow(Value, frozen=True, kw_only=True):
    """One kind of explicit judgement that the log carries, and how it meets the detected feedback."""

    kind: str
    name: str
    n: int
    up: int
    down: int
    mean: float | None
    """Mean value, for ratings and scores in the tool's own scale."""
    followed: int
    """Signals on responses that a user turn answers."""
    compared: int
    """Of those, answers whose signals have a direction where the turn holds feedback too."""
    agreement: Share | None


class Quote(Value, frozen=True, kw_only=True):
    """A complaint in context, cut and cleaned for display."""

    conversation: str
    where: str
    turn: int
    category: str
    request: str
    response: str
    before: str
    evidence: str
    after: str


class Theme(Value, frozen=True, kw_only=True):
    """Complaints of one known kind, or that use the same words."""

    name: str
    """Name of the aspect in `aspects.toml`; empty where the words made the theme."""
    title: str
    words: tuple[str, ...]
    """The words that set it apart; empty for a known kind."""
    share: Share
    """Of the complaints in the sample."""
    by_category: int
    """Complaints that hold no cue and are here for their category."""
    categories: tuple[Counted, ...]
    quotes: tuple[Quote, ...]


class Themes(Value, frozen=True, kw_only=True):
    """What complaints are about."""

    negatives: int
    sampled: int
    themes: tuple[Theme, ...]
    """Known kinds, the largest first, then groups by words, the largest first."""
    by_cue: int
    """Complaints of the sample told by a cue in the user's words."""
    by_category: int
    by_words: int
    scattered: int
    """Complaints of the sample that fit no theme."""
    quotes: tuple[Quote, ...]
    """Single complaints, where there are too few for themes."""
    problem: str | None
    """`too-few-complaints`, or None."""


class RuleRow(Value, frozen=True, kw_only=True):
    """What one mining rule yielded."""

    rule: str
    kind: str
    mined: int
    kept: int


class GateRow(Value, frozen=True, kw_only=True):
    """What one gate dropped."""

    gate: str
    n: int
    share: float
    """Of all examples mined, or made for the arm."""
    reason: str


class KindRow(Value, frozen=True, kw_only=True):
    """Kept examples of one kind, by split."""

    kind: str
    train: int
    held_out: int


class Yields(Value, frozen=True, kw_only=True):
    """Training examples mined from the log."""

    mined: int
    kept: int
    failed: int
    rules: tuple[RuleRow, ...]
    gates: tuple[GateRow, ...]
    kinds: tuple[KindRow, ...]


class NoteRow(Value, frozen=True, kw_only=True):
    """How often something happened, by its short name."""

    reason: str
    n: int


class SubsetRow(Value, frozen=True, kw_only=True):
    """How many samples one subset could have, and has."""

    name: str
    title: str
    found: int
    taken: int


class ArmRow(Value, frozen=True, kw_only=True):
    """One built data set: `made` = `kept` + `dropped`."""

    arm: str
    samples: int
    made: int
    kept: int
    dropped: int
    kinds: tuple[KindRow, ...]
    gates: tuple[GateRow, ...]


class Built(Value, frozen=True, kw_only=True):
    """Data sets built for the arms that a recipe names (docs/building.md)."""

    subsets: tuple[SubsetRow, ...]
    unfit: tuple[NoteRow, ...]
    """Conversations that gave a subset nothing, by fault."""
    arms: tuple[ArmRow, ...]


class AuditTable(Value, frozen=True, kw_only=True):
    """One table of the audit of the training data, in words."""

    title: str
    note: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class DetectorClass(Value, frozen=True, kw_only=True):
    """The detector's measured error on one category."""

    name: str
    title: str
    support: int
    recall: Share
    precision: Share


class Quality(Value, frozen=True, kw_only=True):
    """What the numbers can and cannot carry."""

    labeller: str
    detector: tuple[DetectorClass, ...]
    unsafe_praise: int
    """Positive turns about a response that the log's own moderation, or that of its request, flagged."""
    moderated_praise: int
    """Positive turns for which the log has a verdict at all."""
    praise: int
    limits: tuple[str, ...]


class AskedRow(Value, frozen=True, kw_only=True):
    """One prompt put to one model, over all calls on the run folder."""

    prompt: str
    model: str
    attempts: int
    """Requests sent, second attempts included: the sum of `answers` and `others`."""
    answers: int
    """Whole replies, of whatever worth."""
    others: tuple[NoteRow, ...]
    """Attempts without a whole reply, by kind; docs/gateway.md explains the words."""
    input_tokens: int
    output_tokens: int
    cost: float | None
    """US dollars; None where a price is unknown."""


class Asked(Value, frozen=True, kw_only=True):
    """What models were asked, and what of their answers could not be used."""

    rows: tuple[AskedRow, ...]
    notes: tuple[NoteRow, ...]
    """Turns asked about for which something of the answer could not be used, by reason (docs/detection.md)."""
    cost: float | None
    """US dollars, all together; None where one is unknown."""


class Advice(Value, frozen=True, kw_only=True):
    """One thing to do next, and the numbers that say so."""

    what: str
    why: str


class Numbers(Value, frozen=True, kw_only=True):
    """The whole report."""

    headline: Headline
    read: Read
    categories: tuple[Category, ...]
    positions: Grouping
    times: Grouping | None
    models: Grouping | None
    languages: Grouping | None
    signals: tuple[SignalRow, ...]
    themes: Themes
    yields: Yields
    built: Built | None
    """None where no arm is named."""
    audit: tuple[AuditTable, ...]
    """Empty where nobody audited."""
    quality: Quality
    advice: tuple[Advice, ...]
    asked: Asked | None
    """None where no model was asked."""
    seed: int
    settings: dict[str, Any]
    level: float = 0.95
    format: int = 1
