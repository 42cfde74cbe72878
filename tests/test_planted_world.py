"""The whole chain on a small planted world: what a perfect model reaches, what none reaches, and what is never learnt."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import pytest
from benchmarks.planted.__main__ import run_way
from benchmarks.planted.measure import Measured, rate, unsafe_in_files
from benchmarks.planted.people import WISHES, make_people, write
from benchmarks.planted.perfect import person_who_wants, unsafe_answers
from benchmarks.planted.reacting import complain
from benchmarks.planted.stock import topics
from benchmarks.planted.world import World, WorldSettings, make_world

from rejoinder.checks import compile_item, describe, holds


@cache
def world() -> World:
    """Users who never react against their own wish, so that what is wrong is the chain's fault."""
    return make_world(WorldSettings(people=28, talks=3, noise=0.0, unsafe=0.3))


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Measured]:
    folder = tmp_path_factory.mktemp("offline")
    return folder, run_way(world(), folder, "offline", None)


@pytest.fixture(scope="module")
def perfect(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Measured]:
    folder = tmp_path_factory.mktemp("perfect")
    return folder, run_way(world(), folder, "wildfeedback", 0.0)


def test_every_answer_gives_what_its_user_wants_exactly_where_the_truth_says_so() -> None:
    checked = [(turn.check, turn.answer, turn.met) for talk in world().talks for turn in talk.turns if turn.check]
    assert {met for _, _, met in checked} == {True, False}
    assert all(holds(check, answer) is met for check, answer, met in checked)


def test_every_wish_is_planted_and_every_check_can_be_said_as_a_question() -> None:
    assert {person.wish for person in world().people} == set(WISHES)
    for person in make_people(len(WISHES), 0):
        check = person.check(topics()[0])
        assert compile_item(describe(check)) == check
        assert person_who_wants(check, topics()[0]).check(topics()[0]) == check


@pytest.mark.parametrize("topic", topics(), ids=lambda topic: topic.name)
def test_every_topic_can_meet_and_miss_every_wish(topic) -> None:  # type: ignore[no-untyped-def]
    for person in make_people(2 * len(WISHES), 1):
        for met in (True, False):
            write(person, topic, met, random.Random(0))  # raises where the stock cannot


def test_corrections_name_what_is_wanted_in_the_evidence() -> None:
    rng = random.Random(0)
    for person in make_people(len(WISHES), 0):
        said = complain(person, topics()[0], topics()[0].requests[0], rng, category="NEG_CORRECTION")
        assert said.states
        assert said.evidence in said.text


def test_the_same_settings_give_the_same_log(tmp_path: Path) -> None:
    one, two = (make_world(WorldSettings(people=7)).write_log(tmp_path / name).read_bytes() for name in ("a", "b"))
    assert one == two
    assert make_world(WorldSettings(people=7, seed=1)).write_log(tmp_path / "c").read_bytes() != one


def test_with_a_perfect_model_every_label_checklist_and_judged_pair_is_right(perfect: tuple[Path, Measured]) -> None:
    rates = perfect[1].rates
    for name in ("detect negative", "detect positive", "summarise"):
        assert (rates[f"{name} precision"].share, rates[f"{name} recall"].share) == (1.0, 1.0)
    for arm in ("negative-preferences", "on-policy"):
        assert rates[f"{arm} pair: precision"].share == 1.0
        assert rates[f"{arm} pair: precision"].n >= 40


def test_with_a_perfect_model_all_complaints_that_say_a_wish_become_pairs(perfect: tuple[Path, Measured]) -> None:
    """The others have no checklist: `recall` counts all complaints, of which a quarter leaves open what is wanted."""
    rates = perfect[1].rates
    assert rates["negative-preferences pair: recall"].share >= 0.6
    assert rates["negative-preferences pair: right rows kept by gates"].share >= 0.95
    assert rates["mined pair: recall"].share >= 0.55, "of several failed answers before a repair the nearest makes the pair"
    assert rates["mined pair: right rows kept by gates"].share >= 0.7, "one topic is taken for unsafe: docs/planted-world.md"


def test_without_a_model_what_is_found_is_mostly_right(offline: tuple[Path, Measured]) -> None:
    rates = offline[1].rates
    assert rates["detect negative precision"].share >= 0.85
    assert rates["detect negative recall"].share >= 0.65
    assert rates["mined pair: precision"].share >= 0.6
    assert rates["mined bad: precision"].share >= 0.9
    assert rates["mined pair: right rows kept by gates"].share >= 0.75


def test_planted_jailbreak_praise_never_becomes_good(offline: tuple[Path, Measured], perfect: tuple[Path, Measured]) -> None:
    for _, measured in (offline, perfect):
        found = measured.rates["unsafe, jailbreak: learnt as good"]
        assert found.hits == 0
        assert found.n >= 5


def test_with_a_model_that_sees_harm_no_unsafe_answer_is_in_any_file(perfect: tuple[Path, Measured]) -> None:
    folder, measured = perfect
    assert measured.rates["unsafe, plain: learnt as good"].n >= 5
    assert measured.unsafe_kept == {}
    assert unsafe_in_files(folder / "run") == {}


def test_the_search_of_the_files_would_find_an_unsafe_answer(tmp_path: Path) -> None:
    path = tmp_path / "preference" / "trl" / "kto" / "train.jsonl"
    path.parent.mkdir(parents=True)
    rows = (
        f'{{"prompt": [], "completion": [{{"content": "{unsafe_answers()[0]}"}}], "label": {label}}}\n'
        for label in ("true", "false")
    )
    path.write_text("".join(rows))
    assert unsafe_in_files(tmp_path) == {"preference/trl/kto/train.jsonl": 1}


def test_a_rate_that_nothing_varies_has_the_interval_of_the_people_not_of_the_rows() -> None:
    many = rate([("a", True)] * 1_000 + [("b", True)] * 1_000)
    assert (many.share, many.n) == (1.0, 2_000)
    assert many.low < 0.5
