"""Labelled conversations through the shipped classifier: gold and verdicts side by side, as the scorecard wants them.

Reads no file; computes no score.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rejoinder.feedback.classifier import Verdict, classify, load_card
from rejoinder.feedback.gold import LabelledConversation
from rejoinder.feedback.scorecard import Comparison, Scorecard, own_names, scorecard
from rejoinder.feedback.situation import situations

UNANSWERED = "no response stands before the turn"


def evaluate(labelled: Sequence[LabelledConversation], *, seed: int = 0, draws: int = 2000) -> Scorecard:
    """Score the classifier that ships on labelled conversations; UsageError where no labelled turn can be judged.

    The classes of the six-way view carry the file's own labels. `pair_threshold` is the one on the classifier's card.
    """
    card = load_card()
    return scorecard(
        compare(labelled),
        written=own_names((label.label, label.written or label.label) for one in labelled for label in one.labels),
        threshold=float(card["pair_threshold"]),
        labeller=f"{card['name']}, weights {card['fingerprint']}",
        seed=seed,
        draws=draws,
    )


def compare(labelled: Sequence[LabelledConversation]) -> Comparison:
    """Every labelled turn with the classifier's verdict; turns that it cannot judge are counted with their reason."""
    said = iter(classify([situation for one in labelled for situation in situations(one.conversation)]))
    rows: list[tuple[LabelledConversation, str, Verdict]] = []
    missed = Counter[str]()
    for one in labelled:
        verdicts = {situation.turn: next(said) for situation in situations(one.conversation)}
        for label in one.labels:
            verdict = verdicts.get(label.turn)
            if verdict is None:
                missed[UNANSWERED] += 1
            else:
                rows.append((one, label.label, verdict))
    return Comparison(
        gold=[gold for _, gold, _ in rows],
        predicted=[verdict.category for _, _, verdict in rows],
        confidence=[verdict.probability for _, _, verdict in rows],
        probabilities=[verdict.probabilities for _, _, verdict in rows],
        clusters=[f"{one.source}/{one.conversation.id}" for one, _, _ in rows],
        languages=[one.language for one, _, _ in rows],
        sources=[one.source for one, _, _ in rows],
        unscored=missed,
    )
