"""Detectors measured on labelled conversations: a scorecard each, what asking cost, and how far they agree.

Reads no file and prints nothing; the scores themselves are computed in `scorecard.py` and `stats/`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import msgspec
import numpy as np

from rejoinder.errors import WaitingError
from rejoinder.feedback.asking import Asked
from rejoinder.feedback.classifier import load_card
from rejoinder.feedback.detectors import Counted, Detector, Outcome
from rejoinder.feedback.evaluate import GOLD_TAXONOMY, compare_labels
from rejoinder.feedback.gold import LabelledConversation
from rejoinder.feedback.polarity import POLARITY, of_polarity
from rejoinder.feedback.resampling import Interval
from rejoinder.feedback.scorecard import Scorecard, own_names, scorecard
from rejoinder.records import AnnotatedConversation, Answer, Failure, Feedback
from rejoinder.stats import classification
from rejoinder.stats.intervals import bootstrap
from rejoinder.taxonomies import Taxonomy

DRAWS = 2000


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """What a detector asked, and what it cost."""

    requests: int
    """Questions put, answered from the journal or not."""
    reused: int
    """Those of them that the journal answered: they cost nothing now."""
    states: dict[str, int]
    """Requests by the state of their answer."""
    turns: int
    """Labelled turns of the file: the denominator of what is said per turn."""
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    tokens_per_turn: float | None
    """Input and output together. Reused answers count with the tokens that they cost when they were asked for."""
    cost: float | None
    """US dollars, reused answers as well; None where a price is unknown."""
    cost_per_turn: float | None
    notes: dict[str, int]
    """What could not be used of the answers, by reason, over all turns; those that cost a labelled turn its label are
    among the scorecard's `unscored`."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One detector on one labelled file."""

    detector: str
    labeller: str
    scorecard: Scorecard | None
    """None where no labelled turn could be read."""
    unscored: dict[str, int]
    asking: Asking | None
    """None for the embedded classifier."""


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """How far two detectors say the same, on the turns that both labelled."""

    first: str
    second: str
    view: str
    """`three`: by polarity; `categories`: by category, where both speak one label set."""
    n: int
    conversations: int
    left_out: int
    """Turns that only one of them labelled."""
    same: float | None
    """Share of the n with equal labels."""
    kappa: float | None
    """Cohen's; None where chance alone already explains it all."""
    interval: Interval
    """Of kappa, by a bootstrap over conversations."""


@dataclass(frozen=True)
class Labels:
    """What one detector made of the conversations of a labelled file."""

    detector: Detector
    outcomes: Sequence[Outcome]
    answers: Sequence[Answer]


async def labels_of(detectors: Sequence[Detector], labelled: Sequence[LabelledConversation], llm: Asked | None) -> list[Labels]:
    """Run detectors one after another; `llm` may be None where none of them asks.

    Raises:
        WaitingError: some conversations wait for a batch; the requests of all detectors have been put.
        ModelError, BudgetError: as the gateway.
    """
    found, waiting = [], []
    for detector in detectors:
        counted = Counted(llm) if llm is not None else None
        try:
            outcomes = await detector.label([one.conversation for one in labelled], counted)
        except WaitingError as error:
            waiting.append(f"{detector.name}: {error}")
            continue
        found.append(Labels(detector, outcomes, counted.answers if counted else ()))
    if waiting:
        raise WaitingError(" ".join(waiting))
    return found


def measure(found: Labels, labelled: Sequence[LabelledConversation], *, seed: int = 0) -> Measured:
    """Score what a detector said, with the same card for every detector."""
    taxonomy = found.detector.taxonomy
    compared = compare_labels(labelled, found.outcomes, taxonomy)
    spoken = taxonomy if taxonomy.name == GOLD_TAXONOMY else POLARITY
    card = None
    if compared.gold:
        card = scorecard(
            compared,
            taxonomy=spoken,
            written=own_names((label.label, label.written or label.label) for one in labelled for label in one.labels),
            threshold=float(load_card()["pair_threshold"]),
            labeller=found.detector.labeller,
            seed=seed,
            draws=DRAWS,
        )
    return Measured(
        detector=found.detector.name,
        labeller=found.detector.labeller,
        scorecard=card,
        unscored=dict(sorted(compared.unscored.items())),
        asking=_asking(found, sum(len(one.labels) for one in labelled)) if found.detector.asks else None,
    )


def agreements(all_found: Sequence[Labels], *, seed: int = 0) -> list[Agreement]:
    """Every pair of detectors, by polarity and, where both speak one label set, by category."""
    pairs: list[Agreement] = []
    for one, other in combinations(all_found, 2):
        pairs.append(_agreement(one, other, POLARITY, seed))
        if one.detector.taxonomy == other.detector.taxonomy:
            pairs.append(_agreement(one, other, one.detector.taxonomy, seed))
    return pairs


def _asking(found: Labels, turns: int) -> Asking:
    answers = found.answers
    inputs, outputs = (sum(getattr(a.usage, key) for a in answers) for key in ("input_tokens", "output_tokens"))
    cost = None if any(answer.cost is None for answer in answers) else sum(answer.cost or 0.0 for answer in answers)
    notes = Counter(note.reason for one in found.outcomes if not isinstance(one, Failure) for note in one.notes)
    return Asking(
        requests=len(answers),
        reused=sum(answer.reused for answer in answers),
        states=dict(sorted(Counter(answer.state for answer in answers).items())),
        turns=turns,
        input_tokens=inputs,
        output_tokens=outputs,
        cached_tokens=sum(answer.usage.cached_tokens for answer in answers),
        tokens_per_turn=(inputs + outputs) / turns if turns else None,
        cost=cost,
        cost_per_turn=cost / turns if cost is not None and turns else None,
        notes=dict(sorted(notes.items())),
    )


def _agreement(first: Labels, second: Labels, taxonomy: Taxonomy, seed: int) -> Agreement:
    """Cohen's kappa of two detectors, conversations resampled."""
    coarse = taxonomy is POLARITY
    left, right = _labels(first, coarse), _labels(second, coarse)
    both = sorted(left.keys() & right.keys())
    place = {name: i for i, name in enumerate(taxonomy.names)}
    _, clusters = np.unique([number for number, _ in both], return_inverse=True)
    counts = classification.clustered_confusion(
        [place[left[key]] for key in both], [place[right[key]] for key in both], clusters, len(place)
    )
    total, interval = counts.sum(axis=0), None
    if both:
        low, high = bootstrap(counts, classification.kappa, rng=np.random.default_rng(seed), draws=DRAWS)
        interval = (float(low), float(high)) if low < high else None
    return Agreement(
        first=first.detector.name,
        second=second.detector.name,
        view="three" if coarse else "categories",
        n=len(both),
        conversations=len(counts),
        left_out=len(left.keys() ^ right.keys()),
        same=_defined(float(classification.accuracy(total))),
        kappa=_defined(float(classification.kappa(total))),
        interval=interval,
    )


def _labels(found: Labels, coarse: bool) -> dict[tuple[int, int], str]:
    """Label of each turn, by number of the conversation in the file and of the turn."""
    said: dict[tuple[int, int], Feedback] = {
        (number, feedback.turn): feedback
        for number, outcome in enumerate(found.outcomes)
        if isinstance(outcome, AnnotatedConversation)
        for feedback in outcome.feedback
    }
    return {key: of_polarity(one.polarity) if coarse else one.category for key, one in said.items()}


def _defined(value: float) -> float | None:
    return None if np.isnan(value) else value
