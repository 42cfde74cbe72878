"""The scorecard: worked by hand, in the published shape, with every turn accounted for, and the same bytes each time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from sklearn import metrics
from typer.testing import CliRunner

from rejoinder.cli.classifier import app
from rejoinder.errors import InputError, UsageError
from rejoinder.feedback import read_gold
from rejoinder.feedback.evaluate import UNANSWERED, compare, evaluate
from rejoinder.feedback.scorecard import Comparison, Scorecard, language_group, own_names, scorecard
from rejoinder.feedback.scorecard_text import render
from rejoinder.taxonomies import load, project

NAMES = ("POS", "NEG_CORRECTION", "NEG_AWARE", "NEG_CLARIFY", "NEG_REPHRASE", "NEU")
GOLD = [*["NEU"] * 6, "NEG_AWARE", "NEG_AWARE", "NEG_CORRECTION", "NEG_REPHRASE", "POS", "POS"] * 4
SAID = [*["NEU"] * 4, "POS", "NEG_AWARE", "NEG_AWARE", *["NEG_CORRECTION"] * 2, "NEU", "POS", "NEU"] * 4


def comparison(gold: Sequence[str] = GOLD, said: Sequence[str] = SAID, *, sure: float = 0.7, **changed: object) -> Comparison:
    """Two turns to a conversation; the predicted category has probability `sure`, the others share the rest."""
    rest = (1 - sure) / 5
    columns: dict[str, object] = {
        "gold": gold,
        "predicted": said,
        "confidence": [sure] * len(gold),
        "probabilities": [[sure if name == guess else rest for name in NAMES] for guess in said],
        "clusters": [f"c{i // 2}" for i in range(len(gold))],
        "languages": ["en", "en", "de"] * (len(gold) // 3),
        "sources": ["forum"] * len(gold),
    }
    return Comparison(**(columns | changed))  # type: ignore[arg-type]


def card(**changed: object) -> Scorecard:
    return scorecard(comparison(**changed), threshold=0.75, draws=200)  # type: ignore[arg-type]


def test_the_three_views_are_scored_on_the_same_turns() -> None:
    views = card().views
    assert [(name, view.n) for name, view in views.items()] == [("binary", 48), ("three", 48), ("six", 48)]
    assert list(views["binary"].classes) == ["FEEDBACK", "NONE"]
    assert list(views["three"].classes) == ["NEG", "NEU", "POS"]
    assert list(views["six"].classes) == list(NAMES)


def test_hand_worked_scores_of_the_three_way_view() -> None:
    three = card().views["three"]
    assert three.accuracy == pytest.approx(8 / 12)
    assert three.majority_accuracy == pytest.approx(6 / 12)
    neg = three.classes["NEG"]
    assert (neg.support, neg.predicted) == (16, 16)
    assert (neg.precision, neg.recall, neg.f1) == pytest.approx((3 / 4, 3 / 4, 3 / 4))
    assert three.macro_f1 == pytest.approx((3 / 4 + 8 / 12 + 2 / 4) / 3)


@pytest.mark.parametrize("view", ["binary", "three", "six"])
def test_every_view_agrees_with_scikit_learn(view: str) -> None:
    taxonomy = load("user-feedback")
    gold, said = ([project(one, taxonomy, view) for one in column] for column in (GOLD, SAID))
    found = card().views[view]
    present = sorted(set(gold))
    assert found.macro_f1 == pytest.approx(metrics.f1_score(gold, said, labels=present, average="macro", zero_division=0))
    assert found.kappa == pytest.approx(metrics.cohen_kappa_score(gold, said))


def test_every_interval_holds_its_figure() -> None:
    for view in card().views.values():
        figures = [(view.intervals[key], getattr(view, key)) for key in ("accuracy", "macro_f1", "kappa")]
        figures += [(one.intervals[key], getattr(one, key)) for one in view.classes.values() for key in ("precision", "recall")]
        assert all(low <= value <= high for interval, value in figures if interval is not None for low, high in [interval])
        assert all(low < high for interval, _ in figures if interval is not None for low, high in [interval])


def test_a_class_that_was_never_seen_or_said_has_no_score_rather_than_zero() -> None:
    clarify = card().views["six"].classes["NEG_CLARIFY"]
    assert (clarify.support, clarify.precision, clarify.recall, clarify.f1) == (0, None, None, None)
    rephrase = card().views["six"].classes["NEG_REPHRASE"]
    assert (rephrase.support, rephrase.precision, rephrase.recall, rephrase.f1) == (4, None, 0.0, 0.0)
    low, high = rephrase.intervals["recall"] or (1.0, 0.0)
    assert low == 0
    assert 0.3 < high < 0.6  # Wilson's for 0 of 4: resampling alone would claim certainty


def test_the_files_own_labels_name_the_six_way_view() -> None:
    own = own_names([("NEG_AWARE", "NEG_3"), ("NEG_AWARE", "NEG_3"), ("POS", "praise"), ("POS", "thanks"), ("NEU", "NEU")])
    assert own == {"NEG_AWARE": "NEG_3", "NEU": "NEU"}
    named = scorecard(comparison(), written=own, draws=20)
    assert "NEG_3" in named.views["six"].classes
    assert "POS" in named.views["six"].classes
    assert list(named.views["three"].classes) == ["NEG", "NEU", "POS"]


def test_the_pair_threshold_looks_at_all_negative_categories_together() -> None:
    found = card().pair_threshold  # 0.7 for the category and 0.06 for each of three others: 0.88 negative in all
    assert found is not None
    assert (found.predicted, found.support) == (16, 16)
    assert (found.precision, found.recall) == pytest.approx((3 / 4, 3 / 4))
    assert scorecard(comparison(), draws=20).pair_threshold is None


def test_calibration_compares_the_promise_with_the_polarity_that_came_true() -> None:
    found = card()
    assert found.calibration_error == found.calibration.error == pytest.approx(0.7 - 8 / 12)
    bins = found.calibration.bins
    assert [row.n for row in bins] == [48]
    assert (bins[0].confidence, bins[0].accuracy) == pytest.approx((0.7, 8 / 12))


def test_languages_and_sources_are_scored_apart_and_add_up() -> None:
    found = card(sources=["forum"] * 40 + ["desk"] * 8)
    assert {name: part.n for name, part in found.by_language.items()} == {"en": 32, "de": 16}
    assert {name: part.n for name, part in found.by_language_group.items()} == {"english": 32, "other": 16}
    assert list(found.by_source) == ["forum", "desk"]
    assert sum(part.neg_support for part in found.by_source.values()) == 16
    assert found.by_source["desk"].intervals["three_macro_f1"] is None  # four conversations are too few to resample


@pytest.mark.parametrize(
    ("code", "group"),
    [
        ("en", "english"),
        ("en-GB", "english"),
        ("EN_us", "english"),
        ("de", "other"),
        ("enm", "other"),
        ("und", "unknown"),
        ("", "unknown"),
    ],
)
def test_an_unknown_language_is_not_counted_as_english(code: str, group: str) -> None:
    assert language_group(code) == group


def test_the_order_of_the_turns_does_not_matter() -> None:
    whole = comparison()
    order = [*range(1, 48, 2), *range(0, 48, 2)]
    columns = {name: [getattr(whole, name)[i] for i in order] for name in Comparison.__dataclass_fields__ if name != "unscored"}
    assert scorecard(Comparison(**columns), draws=50) == scorecard(whole, draws=50)


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="equal lengths"):
        comparison(sources=["forum"])


def test_nothing_to_score_is_said_with_the_count() -> None:
    with pytest.raises(UsageError, match="3 labelled turns, none of which could be judged"):
        scorecard(Comparison([], [], [], [], [], [], [], {"why": 3}))


def test_the_text_shows_n_and_interval_of_every_figure() -> None:
    text = render(scorecard(comparison(unscored={"no answer": 2}), threshold=0.75, labeller="a test", draws=200))
    assert "50 labelled turns: 48 scored, in 24 conversations; 2 not scored\n  2 not scored: no answer" in text
    assert "Labels by a test" in text
    line = next(line for line in text.splitlines() if line.startswith("three"))
    assert line.split()[1] == "48"
    assert line.count("[") == 3
    assert "of 16, recall" in text


# -- a file, the shipped classifier, the command ----------------------------------------------------------------


def gold_file(folder: Path, *, label: str = "NEG_2", end: str = "\n") -> Path:
    """Invented conversations; the last one's first answer is missing, so its turn 2 speaks about nothing."""
    rows = []
    for i in range(12):
        talk = [
            "How far is the moon?",
            f"About {i + 2} km.",
            "No, that is wrong, it is 384,400 km.",
            "You are right: 384,400 km.",
            "Thanks!",
        ]
        rows.append(row(f"moon-{i}", talk, [(2, label), (3, "POS")]))
    rows.append({**row("mute", ["Hello?", "", "Anyone there?"], [(2, "NEU")]), "lang": "fr"})
    path = folder / "gold.jsonl"
    path.write_text("\n".join(json.dumps(one) for one in rows) + end)
    return path


def row(name: str, talk: list[str], labels: list[tuple[int, str]]) -> dict[str, object]:
    messages = [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(talk)]
    return {
        "conversation_id": name,
        "messages": messages,
        "feedback": [{"turn": turn, "label": label} for turn, label in labels],
    }


def test_a_turn_without_an_answer_before_it_is_counted_and_not_scored(tmp_path: Path) -> None:
    found = compare(read_gold(gold_file(tmp_path)))
    assert len(found.gold) == 24
    assert found.unscored == {UNANSWERED: 1}


def test_the_last_row_counts_without_a_line_end_too(tmp_path: Path) -> None:
    assert len(read_gold(gold_file(tmp_path, end=""))) == len(read_gold(gold_file(tmp_path))) == 13


def test_codes_of_the_paper_are_mapped_for_scoring_and_kept_for_showing(tmp_path: Path) -> None:
    found = evaluate(read_gold(gold_file(tmp_path)), draws=50)
    assert found.views["six"].classes["NEG_2"].support == 12
    assert found.views["three"].classes["NEG"].support == 12
    assert found.pair_threshold is not None


@pytest.mark.parametrize("label", ["angry", None, "NEG_5", 2])
def test_an_unknown_label_names_file_and_row(tmp_path: Path, label: str) -> None:
    with pytest.raises(InputError, match=rf"gold\.jsonl, row 1: unknown label '{label}'"):
        read_gold(gold_file(tmp_path, label=label))


def test_the_command_prints_the_published_json_and_the_same_bytes_again(tmp_path: Path) -> None:
    path = str(gold_file(tmp_path))
    first, again = (CliRunner().invoke(app, ["evaluate", path, "--json", "--seed", "7"]) for _ in range(2))
    assert first.exit_code == 0, first.output
    assert first.stdout == again.stdout
    found = msgspec.json.decode(first.stdout, type=Scorecard)
    assert (found.n, found.seed, found.unscored) == (24, 7, {UNANSWERED: 1})
    plain = json.loads(first.stdout)
    assert {"n", "views", "calibration_error", "by_language", "by_source"} <= set(plain)
    assert {"n", "accuracy", "majority_accuracy", "macro_f1", "kappa", "intervals", "classes"} == set(plain["views"]["three"])
    assert {"precision", "recall", "f1", "support"} <= set(plain["views"]["three"]["classes"]["NEG"])
    assert set(plain["by_language"]) == {"en"}


def test_the_command_prints_tables_without_the_flag(tmp_path: Path) -> None:
    shown = CliRunner().invoke(app, ["evaluate", str(gold_file(tmp_path))])
    assert shown.exit_code == 0, shown.output
    assert "25 labelled turns: 24 scored, in 12 conversations; 1 not scored" in shown.stdout
    assert "12 of 13 conversations name none" in shown.stdout


def test_a_file_without_labels_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "empty.jsonl"
    path.write_text("")
    done = CliRunner().invoke(app, ["evaluate", str(path)])
    assert isinstance(done.exception, InputError)
    assert "empty.jsonl: holds no labelled turn" in str(done.exception)
