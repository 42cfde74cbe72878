"""What the requests and responses behind each polarity of feedback are like: quality, toxicity, refusals.

After arXiv 2507.23158, section 4 (figures 3 and 4, table 12), which used a paid toxicity service, a model and embeddings; here
the log's own moderation, a model or a stated proxy, and clusters by TF-IDF stand in their places.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rejoinder.preference import phrases
from rejoinder.preference.audit_counts import Figure, PolarityAudit, share
from rejoinder.preference.audit_prompts import GROUPS, Limits, groups_of, number_of
from rejoinder.preference.audit_sets import cluster_of
from rejoinder.preference.quality_signs import marks
from rejoinder.preference.unsafe_signs import default_threshold, unsafe_words
from rejoinder.prompts.prompt_quality import CRITERIA
from rejoinder.records import AnnotatedConversation, Conversation, Turn

Ratings = Mapping[tuple[str, str, int], tuple[bool, ...]]
"""A model's marks by source, conversation and turn."""
_OPENING = 300
"""Characters of a response in which a refusal would stand."""
_MOST_CLUSTERS = 60
_PER_CLUSTER = 8
"""Responses per cluster, about: few enough that refusals of one wording find a cluster of their own."""
_MOSTLY = 0.5
"""Share of responses that begin with a refusal phrase, from which a whole cluster counts as refusals."""


@dataclass(frozen=True, slots=True)
class _Look:
    """One request with its response, as far as the figures need it."""

    cluster: str
    marks: tuple[bool, ...] | None
    toxic: bool | None
    suspect: bool
    opening: str
    refuses: bool


@dataclass
class PolarityTally:
    """Grows by one conversation at a time; holds at most the drawn turns of each group."""

    limits: Limits
    seed: int
    ratings: Ratings | None = None
    turns: Counter[str] = field(default_factory=Counter)
    looks: dict[str, list[_Look]] = field(default_factory=lambda: {group: [] for group in GROUPS})
    unrated: int = 0

    def add(self, annotated: AnnotatedConversation) -> None:
        """Take the drawn turns of one conversation."""
        most, turns = dict(self.limits), annotated.conversation.turns
        for feedback in annotated.feedback:
            groups = groups_of(feedback)
            self.turns.update(groups)
            number = number_of(annotated.conversation, feedback.about, self.seed)
            wanted = [group for group in groups if number <= most[group]]
            if wanted:
                look = self._look(annotated.conversation, turns[feedback.about - 1])
                for group in wanted:
                    self.looks[group].append(look)

    def _look(self, conversation: Conversation, turn: Turn) -> _Look:
        verdicts = [m.toxic for m in (turn.user, *turn.answers) if m.toxic is not None]
        rated = self._marks(conversation, turn.number, turn.request)
        self.unrated += rated is None
        opening = (turn.response or "").lstrip()[:_OPENING]
        return _Look(
            cluster=cluster_of(conversation.user, conversation.source, conversation.id),
            marks=rated,
            toxic=any(verdicts) if verdicts else conversation.toxic,
            suspect=unsafe_words(turn.request, default_threshold()) is not None,
            opening=opening,
            refuses=any(phrases.find(group, opening) for group in ("refusal", "regret")),
        )

    def _marks(self, conversation: Conversation, turn: int, request: str) -> tuple[bool, ...] | None:
        if self.ratings is None:
            return marks(request)
        return self.ratings.get((conversation.source, conversation.id, turn))

    def audits(self) -> tuple[tuple[PolarityAudit, ...], int, int]:
        """One audit per group that the log has, the number of refusal clusters, and that of all clusters."""
        looks = list({id(look): look for group in GROUPS for look in self.looks[group]}.values())
        clusters = _clusters([look.opening for look in looks], self.seed)
        refusing = _refusing(clusters, looks)
        place = {id(look): cluster for look, cluster in zip(looks, clusters, strict=True)}
        found = tuple(
            _audit(group, self.turns[group], self.looks[group], [place[id(look)] in refusing for look in self.looks[group]])
            for group in GROUPS
            if self.turns[group]
        )
        return found, len(refusing), len(set(clusters))


def _audit(group: str, turns: int, looks: Sequence[_Look], refused: Sequence[bool]) -> PolarityAudit:
    clusters = [look.cluster for look in looks]

    def known(values: Iterable[tuple[float | bool | None, str]]) -> Figure:
        there = [(float(value), cluster) for value, cluster in values if value is not None]
        return share([value for value, _ in there], [cluster for _, cluster in there])

    rated = [(look.marks, look.cluster) for look in looks if look.marks is not None]
    return PolarityAudit(
        polarity=group,
        turns=turns,
        quality=known((sum(met) / len(CRITERIA), cluster) for met, cluster in rated),
        criteria={name: known((met[i], cluster) for met, cluster in rated) for i, name in enumerate(CRITERIA)},
        toxic=known((look.toxic, look.cluster) for look in looks),
        suspect=known((look.suspect, look.cluster) for look in looks),
        refusals=known(zip(refused, clusters, strict=True)),
        refusal_phrases=known((look.refuses, look.cluster) for look in looks),
    )


def _clusters(openings: Sequence[str], seed: int) -> list[int]:
    """A cluster for each opening: TF-IDF of words and pairs of words, k-means; texts without a word stand alone in one."""
    from sklearn.cluster import MiniBatchKMeans  # noqa: PLC0415  # half a second
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415

    count = min(_MOST_CLUSTERS, len(openings) // _PER_CLUSTER)
    if count < 2:
        return [0] * len(openings)
    vectoriser = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, max_features=5_000, token_pattern=r"(?u)\b\w+\b")
    try:
        table = vectoriser.fit_transform(openings)
    except ValueError:  # scikit-learn's word for: no word at all
        return [0] * len(openings)
    model = MiniBatchKMeans(n_clusters=count, random_state=seed, n_init=3, batch_size=2_048)
    return [int(cluster) for cluster in model.fit_predict(table)]


def _refusing(clusters: Sequence[int], looks: Sequence[_Look]) -> frozenset[int]:
    """Clusters in which at least half of the responses begin with a refusal of the phrase list."""
    sizes, refusals = Counter(clusters), Counter(c for c, look in zip(clusters, looks, strict=True) if look.refuses)
    return frozenset(cluster for cluster, n in sizes.items() if refusals[cluster] >= _MOSTLY * n)
