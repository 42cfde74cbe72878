"""The detecting prompts: menus from any taxonomy, replies held against the conversation, and talk that can forge nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rejoinder.errors import UsageError
from rejoinder.gateway.reading import schema_of, unbounded
from rejoinder.prompts import Prompt
from rejoinder.prompts.bounds import QUOTE
from rejoinder.prompts.detect_feedback import RUBRICS, DetectPrompt, shipped_examples
from rejoinder.prompts.labels import Reading, named_turns
from rejoinder.prompts.per_turn import PerTurnPrompt
from rejoinder.prompts.satisfaction_levels import LevelsPrompt
from rejoinder.prompts.windows import WindowSize, windows
from rejoinder.prompts.zero_shot import ZeroShotPrompt
from rejoinder.records import Conversation, Question
from rejoinder.taxonomies import load
from tests.prompts.talks import COFFEE, HOSTILE, any_text, talk, whole

PROMPTS = [DetectPrompt(), DetectPrompt(rubrics=None, flags=False), ZeroShotPrompt(), PerTurnPrompt(), LevelsPrompt()]
OWN = """
name = "desk"
title = "Desk"
source = "ours"
unit = "turn"
multi_label = false
[[categories]]
name = "ESCALATE"
title = "Wants a person"
definition = "The customer asks for a person."
polarity = "negative"
example = "Give me a human."
[[categories]]
name = "REST"
title = "Anything else"
definition = "All other turns."
polarity = "neutral"
example = "Hello."
"""


def entry(turn: int, category: str = "NEU", **changed: Any) -> dict[str, Any]:
    rest = {"about": turn - 1, "evidence": "", "rubrics": [], "refusal": False, "unsafe": False}
    return {"turn": turn, "category": category} | rest | changed


def read(*entries: dict[str, Any], prompt: DetectPrompt | None = None, of: Conversation = COFFEE) -> Reading:
    """What is read of a reply with these entries."""
    prompt, window = prompt or DetectPrompt(), whole(of)
    reply = prompt.render(window).reply
    assert reply is not None
    return prompt.parse(msgspec.convert({"turns": list(entries)}, reply), window)


def schema(question: Question) -> str:
    assert question.reply is not None
    return msgspec.json.encode(msgspec.json.schema(question.reply)).decode()


def notes(reading: Reading) -> list[tuple[int, str]]:
    return [(note.turn, note.reason) for note in reading.notes]


# -- what is said ----------------------------------------------------------------------------------------------


def test_names_and_definitions_come_from_the_taxonomy() -> None:
    question = DetectPrompt().render(whole(COFFEE))
    for taxonomy in (load("user-feedback"), load("wildfeedback")):
        for one in taxonomy.categories:
            assert f"`{one.name}`" in question.messages[0].content
            assert one.definition in question.messages[0].content
            assert f'"{one.name}"' in schema(question)


def test_a_label_set_of_your_own_is_rendered_and_read_without_the_examples_of_another(tmp_path: Path) -> None:
    file = tmp_path / "desk.toml"
    file.write_text(OWN)
    prompt = DetectPrompt(taxonomy=load(str(file)), rubrics=None)
    question = prompt.render(whole(COFFEE))
    assert "The customer asks for a person." in question.messages[0].content
    assert "haiku" not in question.messages[0].content
    assert "NEG_" not in question.messages[0].content
    found = read(entry(2, "ESCALATE"), entry(3, "POS"), prompt=prompt)
    assert [(one.turn, one.category) for one in found.labels] == [(2, "ESCALATE")]
    assert notes(found) == [(3, "label-off-menu")]


def test_rubrics_and_flags_are_neither_asked_for_nor_shown_where_they_are_not_wanted() -> None:
    question = DetectPrompt(rubrics=None, flags=False).render(whole(COFFEE))
    for word in ("rubric", "refusal`", "unsafe", "Gratitude"):
        assert word not in question.messages[0].content
        assert word not in schema(question)


def test_the_id_follows_everything_that_is_said() -> None:
    ids = {one.id for one in (DetectPrompt(), DetectPrompt(rubrics=None), DetectPrompt(flags=False))}
    ids.add(DetectPrompt(words=Prompt("detect_feedback", DetectPrompt().words.text + "!")).id)
    ids.add(DetectPrompt(examples=shipped_examples()[:1]).id)
    assert len(ids) == 5
    assert DetectPrompt().render(whole(COFFEE)).prompt == DetectPrompt().id


@pytest.mark.parametrize("prompt", PROMPTS, ids=lambda one: one.id)
def test_the_constant_part_stands_first_and_is_the_same_for_all_conversations(prompt: DetectPrompt) -> None:
    one, other = (prompt.render(whole(said)) for said in (COFFEE, talk("u:a", "a:b", "u:c", "a:d", "u:e")))
    assert [m.role for m in one.messages] == ["system", "user"]
    assert one.messages[0] == other.messages[0]
    assert one.reply is other.reply, "equal shapes have one type, so that a server sees few schemas"


def test_the_schema_names_the_turns_of_a_run_and_few_schemas_are_made() -> None:
    long = talk(*[text for n in range(60) for text in (f"u:{n}", "a:x")])
    every = [windows(long.turns, wanted, WindowSize()) for wanted in ([2, 3, 4], [2, 4], [40, 41])]
    near, gaps, far = (schema(DetectPrompt().render(next(found))) for found in every)
    assert all(f'"enum":[{turn}]' in near for turn in (2, 3, 4))
    assert '"enum":[2' not in gaps
    assert '"enum":[40' not in far
    runs = [(start, count) for start in range(2, 60) for count in range(1, 13) if start + count <= 61]
    asked = {named_turns(tuple(range(start, start + count))) for start, count in runs}
    assert len(asked) < 300


@pytest.mark.parametrize("prompt", [DetectPrompt(), LevelsPrompt()], ids=lambda one: one.id)
def test_near_the_start_the_schema_has_a_place_for_each_turn_and_without_places_all_their_numbers(prompt: Any) -> None:
    said = talk(*[text for n in range(4) for text in (f"u:{n}", "a:x")])
    (window,) = windows(said.turns, [2, 3, 4], WindowSize())
    strict = schema_of(prompt.render(window).reply)
    places = strict["properties"]["turns"]
    assert [one["properties"]["turn"]["enum"] for one in places["prefixItems"]] == [[2], [3], [4]]
    assert (places["minItems"], places["maxItems"], "items" in places) == (3, 3, False)
    anywhere = unbounded(strict)["properties"]["turns"]
    assert anywhere["items"]["properties"]["turn"]["enum"] == [2, 3, 4]
    assert not {"minItems", "maxItems", "prefixItems"} & set(anywhere)
    if isinstance(prompt, DetectPrompt):
        targets = [one["properties"]["about"]["enum"] for one in places["prefixItems"]]
        assert targets == [[1], [1, 2], [1, 2, 3]]


def longest(node: dict[str, Any]) -> Any:
    """The longest value that a schema allows; fails where it has no end."""
    if "enum" in node:
        return max(node["enum"], key=lambda value: len(json.dumps(value)))
    if node["type"] == "object":
        return {name: longest(one) for name, one in node["properties"].items()}
    if "prefixItems" in node:
        return [longest(one) for one in node["prefixItems"]]
    if node["type"] == "array":
        return [longest(node["items"])] * node["maxItems"]
    return "Ж" * node["maxLength"] if node["type"] == "string" else {"integer": 10**6, "boolean": False}[node["type"]]


@pytest.mark.parametrize("prompt", PROMPTS, ids=lambda one: one.id)
@pytest.mark.parametrize("turns", [1, 2, 12, 40])
def test_the_longest_answer_that_the_schema_allows_is_not_cut_at_the_limit_of_tokens(prompt: Any, turns: int) -> None:
    said = talk("u:0", *[text for n in range(turns) for text in ("a:x", f"u:{n}")])
    *_, window = windows(said.turns, range(2, turns + 2), WindowSize(turns=1) if prompt.alone else WindowSize())
    question = prompt.render(window)
    answer = json.dumps(longest(dict(schema_of(question.reply))), ensure_ascii=False)
    quoted = answer.count("Ж")
    assert 2 * quoted + (len(answer) - quoted) / 3 <= question.max_tokens, (
        "two tokens for an escape, one for three other characters"
    )
    if not isinstance(prompt, LevelsPrompt):
        assert quoted >= QUOTE


def test_an_example_that_we_show_keeps_to_the_bounds_itself() -> None:
    labels = [label for example in shipped_examples() for label in example.turns]
    assert max(len(label.evidence) for label in labels) <= QUOTE
    assert max(len(label.rubrics) for label in labels) <= RUBRICS
    for said in (f"({QUOTE} characters)", f"at most {RUBRICS}, [] for none"):
        assert said in DetectPrompt().render(whole(COFFEE)).messages[0].content


def test_the_shipped_examples_are_right_by_our_own_rules() -> None:
    examples = shipped_examples()
    assert len(examples) >= 4
    seen = set()
    for one in examples:
        said = talk(
            *(t for turn in one.conversation for t in (f"u:{turn.user}", f"a:{turn.response}") if not t.endswith("None"))
        )
        found = read(*(msgspec.structs.asdict(label) for label in one.turns), of=said)
        assert found.notes == ()
        assert len(found.labels) == len(one.turns)
        assert all(label.evidence for label in found.labels if label.category != "NEU")
        seen |= {label.category for label in found.labels}
    assert seen == set(load("user-feedback").names)


@pytest.mark.parametrize("name", ["wildfeedback", "spur"])
def test_a_taxonomy_that_is_not_one_label_per_turn_is_refused(name: str) -> None:
    for prompt in (DetectPrompt, ZeroShotPrompt, PerTurnPrompt):
        with pytest.raises(UsageError, match=name):
            prompt(taxonomy=load(name))


def test_a_scale_and_a_set_of_rubrics_must_be_what_they_are_called() -> None:
    with pytest.raises(UsageError, match="no scale"):
        LevelsPrompt(taxonomy=load("user-feedback"))
    with pytest.raises(UsageError, match="no set of rubrics"):
        DetectPrompt(rubrics=load("user-feedback"))


# -- what comes back -------------------------------------------------------------------------------------------


def test_a_good_reply_is_read_whole() -> None:
    found = read(
        entry(2, "NEG_CORRECTION", evidence="Not above 80.", rubrics=["FactualError"]),
        entry(3, "POS", evidence="Thanks!", rubrics=["Gratitude", "Gratitude"], unsafe=True),
    )
    assert found.notes == ()
    first, second = found.labels
    assert (first.turn, first.about, first.category, first.evidence) == (2, 1, "NEG_CORRECTION", ("Not above 80.",))
    assert (second.rubrics, second.refusal, second.unsafe) == (("Gratitude",), False, True)


def test_a_missing_answer_and_a_double_one_give_no_label_even_where_both_say_the_same() -> None:
    assert notes(read(entry(3, "POS"))) == [(2, "not-answered")]
    found = read(entry(2, "POS"), entry(2, "POS"), entry(3, "POS"))
    assert [one.turn for one in found.labels] == [3]
    assert notes(found) == [(2, "answered-twice")]


def test_turns_that_were_not_asked_about_are_noted_and_not_labelled() -> None:
    found = read(entry(1, "POS"), entry(2), entry(3), entry(99), entry(-1), entry(2**70))
    assert [one.turn for one in found.labels] == [2, 3]
    assert notes(found) == [(0, "turn-not-asked"), (1, "turn-not-asked")]


@pytest.mark.parametrize("label", ["GREAT", "", "POS|NEU", "NEG", "POSITIVE FEEDBACK OR NOT"])
def test_a_label_off_the_menu_is_no_label(label: str) -> None:
    found = read(entry(2, label), entry(3, "POS"))
    assert [one.turn for one in found.labels] == [3]
    assert notes(found) == [(2, "label-off-menu")]


@pytest.mark.parametrize("evidence", ["not above 80.", "Not above 80. Thanks", "You are right", "No,  that"])
def test_a_quote_that_is_not_in_its_turn_letter_by_letter_is_dropped_and_counted(evidence: str) -> None:
    found = read(entry(2, "NEG_CORRECTION", evidence=evidence), entry(3))
    assert found.labels[0].evidence == ()
    assert notes(found) == [(2, "evidence-not-in-turn")]


def test_a_quote_from_another_turn_is_no_evidence() -> None:
    found = read(entry(2, "NEG_AWARE", evidence="Thanks!"), entry(3))
    assert found.labels[0].evidence == ()


def test_neutral_turns_carry_no_evidence() -> None:
    found = read(entry(2, "NEU", evidence="No, that burns the leaves."), entry(3))
    assert (found.labels[0].evidence, found.notes) == ((), ())


def test_feedback_may_be_about_an_earlier_response_than_the_last() -> None:
    assert read(entry(2), entry(3, "NEG_AWARE", about=1)).labels[1].about == 1


@pytest.mark.parametrize("target", [3, 4, 0, -1, 10**9])
def test_a_target_that_is_no_earlier_response_falls_back_to_the_last_one(target: int) -> None:
    found = read(entry(2), entry(3, "NEG_AWARE", about=target))
    assert found.labels[1].about == 2
    assert notes(found) == [(3, "about-no-response")]


def test_an_unanswered_turn_cannot_be_the_target() -> None:
    found = read(entry(2), entry(3, "NEG_AWARE", about=2), of=talk("u:sum 2 and 2", "a:5", "u:wrong", "u:it is 4"))
    assert found.labels[1].about == 1


def test_a_rubric_off_the_menu_is_dropped_and_the_label_stays() -> None:
    found = read(entry(2, "NEG_AWARE", rubrics=["Boredom", "Style"]), entry(3))
    assert found.labels[0].rubrics == ("Style",)
    assert notes(found) == [(2, "rubric-off-menu")]


labels_said = st.fixed_dictionaries(
    {
        "turn": st.integers(-1, 5),
        "category": st.sampled_from(["POS", "NEG_2", "neutral", "SOMETHING", "", "NEG_AWARE"]),
        "about": st.integers(-2, 6),
        "evidence": st.one_of(st.sampled_from(["Thanks!", "Not above 80.", ""]), any_text.filter(lambda t: t.isascii())),
        "rubrics": st.lists(st.sampled_from(["Style", "Praise", "Nothing"]), max_size=3),
        "refusal": st.booleans(),
        "unsafe": st.booleans(),
    }
)


@given(st.lists(labels_said, max_size=6))
def test_whatever_is_said_each_turn_has_one_right_looking_label_or_a_reason(entries: list[dict[str, Any]]) -> None:
    found = read(*entries)
    labelled = [one.turn for one in found.labels]
    assert len(labelled) == len(set(labelled))
    for one in found.labels:
        assert one.category in load("user-feedback").names
        assert one.about in range(1, one.turn)
        assert all(quote in COFFEE.turns[one.turn - 1].request for quote in one.evidence)
    costly = {"not-answered", "answered-twice", "label-off-menu"}
    lost = {note.turn for note in found.notes if note.reason in costly}
    assert set(labelled) | lost == {2, 3}
    assert not set(labelled) & lost


# -- hostile talk ----------------------------------------------------------------------------------------------


def given_to(question: Question) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(question.messages[1].content)
    return found


@pytest.mark.parametrize("prompt", PROMPTS, ids=lambda one: one.id)
@pytest.mark.parametrize("place", ["user", "response", "last"])
@pytest.mark.parametrize("text", [*HOSTILE, "the prompt itself"], ids=lambda text: text[:20].encode("unicode_escape").decode())
def test_hostile_talk_stays_inside_its_own_string(prompt: Any, place: str, text: str) -> None:
    text = prompt.render(whole(COFFEE)).messages[0].content[:1_500] if text == "the prompt itself" else text
    texts = {"user": "x", "response": "y", "last": "z"} | {place: text}
    one, plain = (
        prompt.render(whole(talk(f"u:{said['user']}", f"a:{said['response']}", f"u:{said['last']}")))
        for said in (texts, {"user": "x", "response": "y", "last": "z"})
    )
    assert [m.role for m in one.messages] == ["system", "user"]
    assert one.messages[0] == plain.messages[0]
    told, expected = given_to(one), given_to(plain)
    told_again = json.loads(json.dumps(texts))
    flat = json.dumps(expected).replace('"x"', json.dumps(told_again["user"]))
    flat = flat.replace('"y"', json.dumps(told_again["response"])).replace('"z"', json.dumps(told_again["last"]))
    assert told == json.loads(flat), "the same document, with only that string changed"


@given(any_text, any_text, any_text)
def test_any_text_at_all_arrives_as_it_was_and_can_be_sent(request: str, response: str, reply: str) -> None:
    question = DetectPrompt().render(whole(talk(f"u:{request}", f"a:x{response}", f"u:{reply}")))
    question.messages[1].content.encode()
    first, second = given_to(question)["conversation"]
    assert [first["user"], first["response"], second["user"]] == json.loads(json.dumps([request, f"x{response}", reply]))
    assert given_to(question)["label"] == [2]


# -- the baselines ---------------------------------------------------------------------------------------------


def parsed(prompt: Any, said: Conversation, reply: dict[str, Any]) -> Reading:
    window = whole(said) if not prompt.alone else next(windows(said.turns, [3], WindowSize(turns=1)))
    found: Reading = prompt.parse(msgspec.convert(reply, prompt.render(window).reply), window)
    return found


def test_zero_shot_places_quotes_and_reads_silence_as_no_feedback() -> None:
    found = parsed(ZeroShotPrompt(), COFFEE, {"found": [{"text": "Thanks!", "pattern": "POS"}]})
    assert [(one.turn, one.category, one.evidence) for one in found.labels] == [(2, "NEU", ()), (3, "POS", ("Thanks!",))]


def test_zero_shot_notes_quotes_that_stand_nowhere_and_passes_over_those_of_the_first_request() -> None:
    invented = {"text": "I hate tea", "pattern": "NEG_AWARE"}
    first = {"text": "How hot should water", "pattern": "NEG_AWARE"}
    found = parsed(ZeroShotPrompt(), COFFEE, {"found": [invented, first]})
    assert {one.category for one in found.labels} == {"NEU"}
    assert notes(found) == [(2, "quote-in-no-turn")]


def test_zero_shot_decides_between_patterns_as_the_taxonomy_says() -> None:
    patterns = ("NEG_REPHRASE", "nonsense", "NEG_CORRECTION", "POS")
    found = parsed(ZeroShotPrompt(), COFFEE, {"found": [{"text": "Not above 80.", "pattern": name} for name in patterns]})
    assert found.labels[0].category == "NEG_CORRECTION"
    off = parsed(ZeroShotPrompt(), COFFEE, {"found": [{"text": "Not above 80.", "pattern": "nonsense"}]})
    assert notes(off) == [(2, "label-off-menu")]


def test_per_turn_sees_nothing_of_what_comes_later() -> None:
    (early, late) = windows(COFFEE.turns, [2, 3], WindowSize(turns=1))
    content = PerTurnPrompt().render(early).messages[1].content
    assert "Thanks" not in content
    assert "70 to 80" not in content
    assert "70 to 80" in PerTurnPrompt().render(late).messages[1].content
    found = parsed(PerTurnPrompt(), COFFEE, {"evidence": "Thanks!", "category": "POS"})
    assert [(one.turn, one.category, one.evidence) for one in found.labels] == [(3, "POS", ("Thanks!",))]


def test_levels_are_read_by_their_place_on_the_scale() -> None:
    found = parsed(LevelsPrompt(), COFFEE, {"turns": [{"turn": 2, "level": 2}, {"turn": 3, "level": 7}]})
    assert [(one.turn, one.category) for one in found.labels] == [(2, "Correction")]
    assert notes(found) == [(3, "label-off-menu")]
