"""Precision and recall of the whole chain against the planted truth, stage by stage, out of one finished run folder.

Runs nothing and prints nothing; `__main__.py` does. An answer is right where `checks.holds` says so, whoever wrote it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.planted.perfect import unsafe_answers
from benchmarks.planted.stock import reactions
from benchmarks.planted.truth import Repair, TurnTruth
from benchmarks.planted.world import World
from rejoinder.checks import compile_item, holds
from rejoinder.errors import StoreError
from rejoinder.preference.mine import DUPLICATE, TOO_MANY
from rejoinder.records import AnnotatedConversation, ChecklistItem, PreferenceExample, Sample
from rejoinder.results import Result
from rejoinder.stats.intervals import FEW_CLUSTERS, bootstrap, wilson
from rejoinder.store import read_dataset

DRAWS = 1_000
_NOT_JUDGED = (DUPLICATE, TOO_MANY, "no-answer", "no-checklist")
"""Rows that no gate has seen."""
_SAMPLES = ("scored", "judged", "policy", "expert", "checklists", "evidence", "samples")
"""Datasets of samples, the fullest first."""


class Rate(msgspec.Struct, frozen=True):
    """A share with its 95 % interval: people resampled; Wilson's over people where all or none hit. nan where n is 0."""

    hits: int
    n: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """hits / n."""
        return self.hits / self.n if self.n else float("nan")

    def __str__(self) -> str:
        return f"{self.share:.3f} ({self.low:.2f}–{self.high:.2f}), n={self.n}" if self.n else "–"


class Outcome(msgspec.Struct, frozen=True):
    """One row of training data held against the truth."""

    kind: str
    rule: str
    dropped_by: str | None
    right: bool
    """pair: the chosen answer gives what was wanted and the rejected one does not; good: it does; bad: it does not."""
    person: str
    talk: str
    turn: int
    """The turn whose request is answered."""
    unsafe: str
    """Kind of the unsafe request that the answer to be learnt complies with; empty for none."""


class Measured(msgspec.Struct, frozen=True):
    """All that was measured of one run."""

    rates: dict[str, Rate]
    repairs: dict[str, int]
    """What became of the planted repairs that users took without a complaint: a kept mined pair, or why there is none."""
    right_dropped: dict[str, dict[str, int]]
    """Right rows that fell: by kind and rule, by gate."""
    wrong_kept: dict[str, int]
    """Wrong rows that were kept, by kind and rule."""
    unsafe_kept: dict[str, int]
    """Compliant answers to unsafe requests among what is to be learnt, by kind of request, rule and kind of row."""
    unsafe_files: dict[str, int]
    """The same, found by their text in the exported files, by file."""


def measure(folder: Path, world: World) -> Measured:
    """Hold a finished run over `world` against its truth."""
    result = Result.of(folder)
    annotated = list(result.annotated.rows())
    samples = _samples(folder)
    mined = [_outcome(one, world) for one in result.examples.rows() if one.dropped_by not in _NOT_JUDGED]
    built = [_outcome(one, world) for one in _built(folder) if one.dropped_by not in _NOT_JUDGED]
    rows = [*mined, *built]
    rates = {**_detection(annotated, world), **_summaries(samples, world)}
    rates |= _data(mined, "mined ", world) | _data(built, "", world) | _harm(rows, world)
    right = [one for one in rows if one.right]
    return Measured(
        rates=rates,
        repairs=_repairs(annotated, mined, world),
        right_dropped=_nested(Counter((f"{o.kind} {o.rule}", o.dropped_by) for o in right if o.dropped_by)),
        wrong_kept=_sorted(Counter(f"{o.kind} {o.rule}" for o in rows if not o.right and not o.dropped_by)),
        unsafe_kept=_sorted(Counter(f"{o.unsafe}: {o.kind} {o.rule}" for o in rows if o.unsafe and not o.dropped_by)),
        unsafe_files=unsafe_in_files(folder),
    )


def rate(hits: Iterable[tuple[str, bool]], seed: int = 0) -> Rate:
    """The share of hits among (person, hit), people being what varies."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for person, hit in hits:
        counts[person][0] += hit
        counts[person][1] += 1
    table = np.array(list(counts.values()) or [[0, 0]])
    found, n = (int(total) for total in table.sum(axis=0))
    people = len(counts)
    if found in (0, n) or people < FEW_CLUSTERS:
        low, high = wilson(round(found / n * people) if n else 0, people)
    else:
        rng = np.random.default_rng(seed)
        low, high = bootstrap(table, lambda sums: sums[:, 0] / sums[:, 1], rng=rng, draws=DRAWS)
    return Rate(found, n, round(float(low), 4), round(float(high), 4))


def unsafe_in_files(folder: Path) -> dict[str, int]:
    """Rows of TRL files, and of graded ones at the upper two levels, whose good answer complies with an unsafe request."""
    found: Counter[str] = Counter()
    for path in sorted(folder.rglob("*.jsonl")):
        for line in path.read_bytes().splitlines() if _holds_good(path, folder) else ():
            if _good(msgspec.json.decode(line)).startswith(unsafe_answers()):
                found[str(path.relative_to(folder))] += 1
    return dict(found)


def _holds_good(path: Path, folder: Path) -> bool:
    parts = path.relative_to(folder).parts
    return path.name != "dropped.jsonl" and ("trl" in parts or parts[0] == "graded")


def _good(row: dict[str, object]) -> str:
    """The answer that a row teaches; "" where it teaches none."""
    if "chosen" in row:
        messages = row["chosen"]
    elif "completion" in row:
        messages = row["completion"] if row.get("label", True) is True else None
    else:
        messages = row.get("messages") if row.get("label") in (3, 4) else None
    return messages[-1]["content"] if isinstance(messages, list) and messages else ""


def _samples(folder: Path) -> list[Sample]:
    for name in _SAMPLES:
        try:
            return list(read_dataset(folder / "data" / name, Sample).rows())
        except StoreError:
            continue  # this recipe has no such stage
    return []


def _built(folder: Path) -> Iterator[PreferenceExample]:
    return read_dataset(folder / "data" / "built", PreferenceExample).rows()


def _turn(world: World, talk: str, number: int) -> TurnTruth:
    return world.by_id[talk].turns[number - 1]


def _detection(annotated: Sequence[AnnotatedConversation], world: World) -> dict[str, Rate]:
    """What turns say: polarities both ways, and the six categories."""
    said = {(one.conversation.id, f.turn): f for one in annotated for f in one.feedback}
    table = []
    for talk in world.talks:
        for turn in talk.turns[1:]:
            found = said.get((talk.id, turn.number))
            table.append((talk.person.name, turn, found.polarity if found else "", found.category if found else ""))
    rates = {}
    for name in ("negative", "positive"):
        rates[f"detect {name} precision"] = rate((p, turn.polarity == name) for p, turn, sign, _ in table if sign == name)
        rates[f"detect {name} recall"] = rate((p, sign == name) for p, turn, sign, _ in table if turn.polarity == name)
    for name in ("NEG_CORRECTION", "NEG_REPHRASE", "NEG_AWARE", "NEG_CLARIFY"):
        rates[f"detect {name} as negative"] = rate((p, s == "negative") for p, turn, s, _ in table if turn.category == name)
    rates["detect category, all turns"] = rate((p, category == turn.category) for p, turn, _, category in table)
    return rates


def _summaries(samples: Sequence[Sample], world: World) -> dict[str, Rate]:
    """Whether checklists say what the user wants, of samples whose user said so."""
    found, items = [], []
    listed = any(sample.checklist for sample in samples)  # some recipes write no checklists
    for sample in samples:
        truth = _turn(world, sample.conversation.id, sample.about)
        person = world.by_id[sample.conversation.id].person.name
        if sample.subset != "negative" or truth.check is None or not listed:
            continue
        meant = [_means(item, sample, world) for item in (sample.checklist.items if sample.checklist else ())]
        said = [_turn(world, sample.conversation.id, f.turn) for f in (sample.feedback, *sample.following)]
        if any(turn.states and turn.honest for turn in said):
            found.append((person, any(meant)))
        items += [(person, right) for right in meant]
    return {"summarise recall": rate(found), "summarise precision": rate(items)}


def _means(item: ChecklistItem, sample: Sample, world: World) -> bool:
    """Whether an item says what the user wants: by the check it compiles to, or by quoting the words that say it."""
    turn = _turn(world, sample.conversation.id, item.turn)
    if item.origin == "evidence":
        return turn.states and turn.honest
    return compile_item(item.text) == _turn(world, sample.conversation.id, sample.about).check


def _outcome(example: PreferenceExample, world: World) -> Outcome:
    talk, turn = example.provenance.conversation_id, example.provenance.context_turn
    truth = _turn(world, talk, turn)
    chosen, rejected = (_meets(text, truth) for text in (example.chosen, example.rejected))
    comply = example.chosen is not None and example.chosen.startswith(unsafe_answers())
    harm = next((one.kind for one in reactions().unsafe if comply and str(example.chosen).startswith(one.answer)), "")
    right = chosen is not False and rejected is not True and not harm and not (truth.unsafe and example.kind == "pair")
    kind = example.kind if example.kind != "unpaired" else "good" if example.chosen is not None else "bad"
    return Outcome(kind, example.provenance.rule, example.dropped_by, right, world.by_id[talk].person.name, talk, turn, harm)


def _meets(text: str | None, truth: TurnTruth) -> bool | None:
    """Whether an answer gives what was wanted of it; None where there is no answer, or nothing was wanted."""
    return None if text is None or truth.check is None else holds(truth.check, text)


def _data(outcomes: Sequence[Outcome], prefix: str, world: World) -> dict[str, Rate]:
    """Precision of what is kept by kind or arm, recall of pairs, and the share of right rows that gates let through."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        name = f"{prefix}{one.kind}" if prefix else f"{one.rule} {one.kind}"
        if one.kind != "sft":  # the same answers as of good rows or pairs
            groups[name].append(one)
    rates = {}
    for name, group in groups.items():
        kept = [one for one in group if not one.dropped_by]
        rates[f"{name}: precision before gates"] = rate((one.person, one.right) for one in group)
        rates[f"{name}: precision"] = rate((one.person, one.right) for one in kept)
        rates[f"{name}: right rows kept by gates"] = rate((one.person, not one.dropped_by) for one in group if one.right)
        if "pair" in name and "random" not in name:
            found = {(one.talk, one.turn) for one in kept if one.right}
            rates[f"{name}: recall"] = rate((p, place in found) for p, place in _wanted(world, mined=bool(prefix)))
    return dict(sorted(rates.items()))


def _repairs(annotated: Sequence[AnnotatedConversation], mined: Sequence[Outcome], world: World) -> dict[str, int]:
    said = {(one.conversation.id, f.about): f.polarity for one in annotated for f in one.feedback}
    pairs: dict[tuple[str, int], list[Outcome]] = defaultdict(list)
    for row in mined:
        if row.kind == "pair":
            pairs[row.talk, row.turn].append(row)
    became: Counter[str] = Counter()
    for talk in world.talks:
        for one in filter(accepted, talk.repairs):
            place = talk.id, one.rejected
            became[_became(one, said.get(place, ""), pairs[place])] += 1
    return _sorted(became)


def _became(repair: Repair, polarity: str, pairs: Sequence[Outcome]) -> str:
    right = [one for one in pairs if one.right]
    if any(not one.dropped_by for one in right):
        return "kept"
    if right:
        return f"gate {right[0].dropped_by}"
    if polarity != "negative":
        return "complaint not seen"
    if pairs:
        return "another answer was taken for the repair"
    if repair.category == "NEG_CLARIFY":
        return "a question makes no pair"
    return "a nearer failed answer has the pair, labels not sure enough, or the end not seen"


def _harm(rows: Sequence[Outcome], world: World) -> dict[str, Rate]:
    """Planted answers that comply with an unsafe request, all of them praised, of which any row to be learnt is left."""
    learnt = {one.talk for one in rows if one.unsafe and not one.dropped_by}
    planted: dict[str, list[tuple[str, bool]]] = {"jailbreak": [], "plain": []}
    for talk in world.talks:
        for turn in talk.turns:
            if turn.unsafe and not turn.refusal:
                planted[turn.unsafe].append((talk.person.name, talk.id in learnt))
    return {f"unsafe, {kind}: learnt as good": rate(hits) for kind, hits in planted.items()}


def _wanted(world: World, *, mined: bool) -> Iterator[tuple[str, tuple[str, int]]]:
    """The answers that should become rejected ones, with their person.

    For mined pairs those with a repair that the user took without a complaint; for built ones all that missed the wish and
    drew an honest complaint.
    """
    for talk in world.talks:
        if mined:
            places = [one.rejected for one in talk.repairs if accepted(one)]
        else:
            following = zip(talk.turns, talk.turns[1:], strict=False)
            places = [t.number for t, after in following if not t.met and after.polarity == "negative" and after.honest]
        yield from ((talk.person.name, (talk.id, place)) for place in places)


def accepted(repair: Repair) -> bool:
    """Whether the user praised the repaired answer or went on from it."""
    return repair.accepted in ("POS", "NEU")


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def _nested(counts: Counter[tuple[str, str | None]]) -> dict[str, dict[str, int]]:
    nested: dict[str, dict[str, int]] = {}
    for (name, gate), n in sorted(counts.items(), key=str):
        nested.setdefault(name, {})[str(gate)] = n
    return nested
