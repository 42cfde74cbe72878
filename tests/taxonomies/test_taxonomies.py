"""The shipped label sets say what the papers say, and a user's own file is read or refused with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from rejoinder.errors import SettingsError, UsageError
from rejoinder.taxonomies import available, load, project

OWN = """
name = "desk"
title = "Desk"
source = "our guide"
unit = "turn"
multi_label = false
{extra}
[[categories]]
name = "GOOD"
title = "Good"
definition = "The user is pleased."
polarity = "positive"
example = "Nice."

[[categories]]
name = "{second}"
title = "Second"
definition = "The user is not."
polarity = "negative"
example = "No."
aliases = ["{alias}"]

[[views]]
name = "three"
title = "Direction"
classes = [{{ name = "POS", categories = ["GOOD"] }}, {{ name = "NEG", categories = {negatives} }}]
"""


def own_file(folder: Path, *, extra: str = "", second: str = "BAD", alias: str = "poor", negatives: str = '["BAD"]') -> str:
    path = folder / "desk.toml"
    path.write_text(OWN.format(extra=extra, second=second, alias=alias, negatives=negatives))
    return str(path)


def test_four_published_label_sets_ship() -> None:
    assert available() == ("spur", "user-feedback", "wildfeedback", "wildreward")
    sizes = {name: len(load(name).names) for name in available()}
    assert sizes == {"spur": 20, "user-feedback": 6, "wildfeedback": 18, "wildreward": 5}


@pytest.mark.parametrize("name", ["spur", "user-feedback", "wildfeedback", "wildreward"])
def test_the_three_way_view_agrees_with_every_polarity(name: str) -> None:
    taxonomy = load(name)
    words = {"positive": "POS", "negative": "NEG", "neutral": "NEU"}
    assert all(project(one, taxonomy, "three") == words[taxonomy.polarity(one)] for one in taxonomy.names)
    assert taxonomy.view("three").names == ("NEG", "NEU", "POS")


@pytest.mark.parametrize("name", ["spur", "user-feedback", "wildfeedback", "wildreward"])
def test_every_category_is_explained_with_an_example(name: str) -> None:
    for one in load(name).categories:
        assert one.title
        assert one.definition.endswith(".")
        assert one.example


def test_the_six_categories_stand_in_the_order_of_the_labelling_guide() -> None:
    assert load("user-feedback").names == ("POS", "NEG_CORRECTION", "NEG_AWARE", "NEG_CLARIFY", "NEG_REPHRASE", "NEU")


def test_correction_wins_over_aware_over_clarify_over_rephrase() -> None:
    assert load("user-feedback").precedence == ("NEG_CORRECTION", "NEG_AWARE", "NEG_CLARIFY", "NEG_REPHRASE")


def test_binary_view_holds_praise_and_complaint_together() -> None:
    taxonomy = load("user-feedback")
    assert {project(one, taxonomy, "binary") for one in taxonomy.names if one != "NEU"} == {"FEEDBACK"}
    assert project("NEU", taxonomy, "binary") == "NONE"


@pytest.mark.parametrize(
    ("label", "category"),
    [
        ("NEG_CORRECTION", "NEG_CORRECTION"),
        ("NEG_1", "NEG_REPHRASE"),
        ("NEG_2", "NEG_CORRECTION"),
        ("NEG_3", "NEG_AWARE"),
        ("neg-4", "NEG_CLARIFY"),
        ("UR5", "POS"),
        ("rephrase", "NEG_REPHRASE"),
        ("Make Aware without Correction", "NEG_AWARE"),
        ("make_aware_with_correction", "NEG_CORRECTION"),
        ("neu", "NEU"),
    ],
)
def test_codes_of_published_data_resolve_to_the_category_they_mean(label: str, category: str) -> None:
    assert load("user-feedback").resolve(label) == category


@pytest.mark.parametrize("label", ["", "NEG", "NEG_5", "correct", "🙂"])
def test_a_label_that_means_no_category_is_not_guessed(label: str) -> None:
    assert load("user-feedback").resolve(label) is None


def test_wildreward_levels_run_from_one_to_five() -> None:
    levels = load("wildreward")
    assert [one.ordinal for one in levels.categories] == [1, 2, 3, 4, 5]
    assert [levels.polarity(levels.resolve(str(n)) or "") for n in range(1, 6)] == ["negative"] * 2 + ["neutral"] + [
        "positive"
    ] * 2


def test_wildfeedback_has_nine_rubrics_each_way() -> None:
    taxonomy = load("wildfeedback")
    sides = [project(one, taxonomy, "signal") for one in taxonomy.names]
    assert (sides.count("SAT"), sides.count("DSAT")) == (9, 9)
    assert taxonomy.resolve("Positive Closure") == "PositiveClosure"


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(
        UsageError, match=r"unknown taxonomy 'user-feedbak'; known are spur, user-feedback, wildfeedback, wildreward"
    ):
        load("user-feedbak")


def test_unknown_categories_and_views_are_named() -> None:
    taxonomy = load("user-feedback")
    with pytest.raises(UsageError, match="no category 'NEG_1'"):
        taxonomy.category("NEG_1")
    with pytest.raises(UsageError, match="no view 'four'; it has binary, three, six"):
        project("POS", taxonomy, "four")
    with pytest.raises(UsageError, match="no category 'HM'"):
        project("HM", taxonomy, "three")


def test_a_users_own_file_is_a_taxonomy(tmp_path: Path) -> None:
    taxonomy = load(own_file(tmp_path))
    assert taxonomy.names == ("GOOD", "BAD")
    assert taxonomy.resolve("Poor") == "BAD"
    assert project("BAD", taxonomy, "three") == "NEG"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"extra": 'precedence = ["UGLY"]'}, "precedence names unknown category UGLY"),
        ({"second": "GOOD", "negatives": "[]"}, "category GOOD stands twice"),
        ({"alias": "good"}, "spelling 'good' means two categories"),
        ({"negatives": "[]"}, "view three must place every category exactly once"),
        ({"negatives": '["BAD", "GOOD"]'}, "view three must place every category exactly once"),
        ({"extra": "colour = 1"}, "colour"),
        ({"extra": "="}, "not a taxonomy"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused_with_the_reason(tmp_path: Path, change: dict[str, str], reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        load(own_file(tmp_path, **change))


def test_the_fingerprint_follows_the_content(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    same = load(own_file(tmp_path)).fingerprint
    assert same == load(own_file(tmp_path)).fingerprint
    assert same != load(own_file(tmp_path / "other", alias="weak")).fingerprint


@pytest.mark.parametrize("name", ["spur", "user-feedback", "wildfeedback", "wildreward"])
def test_the_documentation_tells_each_category_as_the_file_does(name: str) -> None:
    page = (Path(__file__).parents[2] / "docs" / "taxonomies.md").read_text()
    section = page.split(f"## `{name}`")[1].split("\n## ")[0]
    for one in load(name).categories:
        assert f"| `{one.name}` |" in section
        assert one.definition in section
