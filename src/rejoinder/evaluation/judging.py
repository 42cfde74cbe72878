"""How good a judge is: its verdicts against people's labels, with intervals, by subset, and what its own verdicts say of it.

Reads no file and prints nothing. No number here changes when the two responses of a pair change places.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from rejoinder.evaluation.labelled_pairs import LabelledPair
from rejoinder.gateway import Gateway
from rejoinder.identity import canonical_json, digest
from rejoinder.judge import compare, each
from rejoinder.judge.diagnostics import Diagnostics, Judged, LengthEffect, diagnose, length_effect, share, spread_interval
from rejoinder.records import Verdict
from rejoinder.stats.classification import confusion, kappa
from rejoinder.stats.means import Estimate
from rejoinder.stats.resampling import bca

CLASSES = ("win", "tie", "loss")


@dataclass(frozen=True, slots=True)
class Kappa:
    """Cohen's kappa of verdicts and labels over win, tie and loss, each pair counted both ways round."""

    value: float
    """nan where labels or verdicts are all ties: then nothing shows that they can be told apart."""
    low: float
    high: float
    """BCa interval over prompts; (nan, nan) below 10 prompts, or where no draw differs from another (a perfect judge)."""
    n: int
    clusters: int
    level: float = 0.95


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """Verdicts against labels; every estimate has its own n, and is None where that would be 0."""

    pairs: int
    """All judged pairs; the readable ones are `pairs - unreadable`."""
    unreadable: int
    confusion: tuple[tuple[int, int, int], ...]
    """Readable pairs: labels win, tie, loss as rows, verdicts in the same order as columns."""
    agreement: Estimate | None
    """Of the readable pairs: the verdict is the label."""
    blind: float | None
    """The agreement of the best guess without looking: always a tie, or a coin where people saw a winner."""
    lowest: float | None
    """The agreement over all pairs if every unreadable one were wrong."""
    accuracy: Estimate | None
    """Of the readable pairs in which people saw a winner: the judge names it; a tie is a miss."""
    accuracy_decided: Estimate | None
    """Of those in which the judge names a winner, too."""
    accuracy_single: Estimate | None
    """Of the single orders of those pairs: the figure of a judge that is asked once, in an order drawn by lot."""
    kappa: Kappa | None


class JudgeCard(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a judge from one set of labelled pairs."""

    judge: str
    """Model and prompt."""
    rows: int
    """Rows of the files: `pairs` plus `unused`."""
    pairs: int
    unused: Mapping[str, int]
    prompts: int
    """Different contexts: pairs that share one hang together in every interval."""
    overall: Agreement
    by_subset: Mapping[str, Agreement]
    diagnostics: Diagnostics
    labels_length: LengthEffect | None
    """The correlation of people's labels with length: what `diagnostics.length` is to be compared with."""
    seed: int


async def judge_pairs(llm: Gateway, model: str, pairs: Sequence[LabelledPair], *, at_once: int = 64) -> list[Verdict | None]:
    """A verdict per pair, in order; None for a pair whose answers are still to come in a batch."""

    async def ask(pair: LabelledPair) -> Verdict:
        return await compare(llm, model, pair.context, pair.first, pair.second)

    return await each(ask, pairs, at_once)


def score_judge(
    pairs: Sequence[LabelledPair],
    verdicts: Sequence[Verdict],
    model: str,
    *,
    unused: Mapping[str, int] | None = None,
    seed: int = 0,
) -> JudgeCard:
    """The card of the judge `model` that gave one verdict per pair. ValueError for no pairs, or lengths that differ."""
    if not pairs or len(pairs) != len(verdicts):
        raise ValueError(f"{len(verdicts)} verdicts do not match {len(pairs)} pairs, or there are none")
    rng = np.random.default_rng(seed)
    found = [_judged(pair, verdict) for pair, verdict in zip(pairs, verdicts, strict=True)]
    labels = [_judged(pair, Verdict(outcome=pair.label, orders=(pair.label, pair.label))) for pair in pairs]
    rows = list(zip(labels, found, strict=True))
    subsets = sorted({pair.subset for pair in pairs})
    parts = {name: [row for row, pair in zip(rows, pairs, strict=True) if pair.subset == name] for name in subsets}
    return JudgeCard(
        judge=verdicts[0].judge,
        rows=len(pairs) + sum((unused or {}).values()),
        pairs=len(pairs),
        unused=dict(unused or {}),
        prompts=len({one.cluster for one in found}),
        overall=_agreement(rows, rng),
        by_subset={name: _agreement(part, rng) for name, part in parts.items()} if len(parts) > 1 else {},
        diagnostics=diagnose(found, model, rng=rng),
        labels_length=length_effect(labels, rng=rng),
        seed=seed,
    )


def _judged(pair: LabelledPair, verdict: Verdict) -> Judged:
    prompt = digest(canonical_json([(message.role, message.content) for message in pair.context]))
    return Judged(verdict, (len(pair.first), len(pair.second)), prompt, pair.models)


_Rows = Sequence[tuple[Judged, Judged]]
"""What people said and what the judge said, of one pair each."""


def _agreement(rows: _Rows, rng: np.random.Generator) -> Agreement:
    readable = [(label, said) for label, said in rows if said.verdict.outcome != "unreadable"]
    decisive = [(label, said) for label, said in readable if label.verdict.outcome != "tie"]
    decided = [(label, said) for label, said in decisive if said.verdict.outcome != "tie"]
    single = [(order == label.verdict.outcome, said.cluster) for label, said in decisive for order in said.verdict.orders]
    table = _table(readable)
    right = int(np.trace(table))
    return Agreement(
        pairs=len(rows),
        unreadable=len(rows) - len(readable),
        confusion=tuple((int(a), int(b), int(c)) for a, b, c in table),
        agreement=_hits(readable),
        blind=_blind(label.verdict.outcome for label, _ in readable) if readable else None,
        lowest=right / len(rows) if rows else None,
        accuracy=_hits(decisive),
        accuracy_decided=_hits(decided),
        accuracy_single=share(single),
        kappa=_kappa(readable, rng) if readable else None,
    )


def _hits(rows: _Rows) -> Estimate | None:
    return share([(label.verdict.outcome == said.verdict.outcome, said.cluster) for label, said in rows])


def _blind(labels: Iterable[str]) -> float:
    known = list(labels)
    ties = known.count("tie") / len(known)
    return max(ties, (1 - ties) / 2)


def _table(rows: _Rows) -> NDArray[np.int64]:
    gold, said = (
        ([CLASSES.index(one.verdict.outcome) for one in column] for column in zip(*rows, strict=True)) if rows else ([], [])
    )
    return confusion(gold, said, len(CLASSES))


def _kappa(rows: _Rows, rng: np.random.Generator) -> Kappa:
    """Both ways round: else the kappa of a file whose first response is always the better one would be undefined."""
    clusters: dict[str, list[tuple[Judged, Judged]]] = {}
    for row in rows:
        clusters.setdefault(row[1].cluster, []).append(row)
    tables = np.stack([_table(part) for part in clusters.values()])
    tables = tables + tables[:, ::-1, ::-1]
    low, high = spread_interval(bca(tables, kappa, rng=rng))
    return Kappa(float(kappa(tables.sum(axis=0))), low, high, len(rows), len(tables))
