"""How a server wants to be asked is learnt from its refusals, once, and remembered."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import msgspec
import pytest

from rejoinder.errors import ModelError
from rejoinder.gateway import Gateway, Reply, Request, wire
from rejoinder.gateway.dialects import Dialects
from rejoinder.gateway.faulty import Faults, Faulty
from rejoinder.gateway.gateway import question_request
from rejoinder.gateway.reading import schema_of, unbounded
from rejoinder.gateway.request import Dialect
from rejoinder.records import Answer, Message
from tests.gateway.questions import GOOD, question, scripted, served


async def ask(gateway: Gateway, count: int = 1, **more: object) -> list[Answer]:
    async with gateway:
        return await asyncio.gather(*(gateway.ask("m", question(str(n), **more)) for n in range(count)))


@pytest.mark.parametrize(
    ("refuses", "learnt"),
    [
        ((), Dialect()),
        (("max_tokens",), Dialect(tokens="max_completion_tokens")),
        (("temperature", "seed"), Dialect(temperature=False, seed=False)),
        (("json_schema",), Dialect(schema="json_object")),
        (("json_schema", "json_object", "max_tokens"), Dialect(schema="text", tokens="max_completion_tokens")),
    ],
)
def test_a_server_is_asked_as_it_wants_and_only_once_what_it_does_not_take(
    tmp_path: Path, refuses: tuple[str, ...], learnt: Dialect
) -> None:
    async def run() -> None:
        async with Faulty(Faults(refuses=refuses)) as server:
            first = served(tmp_path, server.base_url)
            await ask(first, temperature=0.7)
            request = question_request(first.endpoint("m"), question())
            assert Dialects(first.journal).of(request) == learnt, "remembered beyond the process"
            refused = server.counts.faults["refused"]
            assert refused == len(refuses)
            await ask(served(tmp_path, server.base_url), count=20, temperature=0.7)
            assert server.counts.faults["refused"] == refused

    asyncio.run(run())


class Bounded(msgspec.Struct, rename={"most": "maxItems"}):
    """A reply with lengths, one of whose fields is called like a bound."""

    label: Annotated[str, msgspec.Meta(extra_json_schema={"maxLength": 9, "enum": ["praise", "other"]})]
    most: Annotated[list[str], msgspec.Meta(extra_json_schema={"minItems": 1, "maxItems": 2})]


@pytest.mark.parametrize(("refuses", "learnt"), [("maxLength", "unbounded"), ("json_schema", "json_object")])
def test_a_server_that_refuses_lengths_is_asked_without_them_before_the_schema_is_given_up(
    tmp_path: Path, refuses: str, learnt: str
) -> None:
    async def run() -> None:
        async with Faulty(Faults(refuses=(refuses,))) as server:
            gateway = served(tmp_path, server.base_url)
            answers = await ask(gateway, shape=Bounded)
            assert answers[0].state == "ok" or learnt == "json_object", "which it answers without a look at the schema"
            request = question_request(gateway.endpoint("m"), question(shape=Bounded))
            assert Dialects(gateway.journal).of(request) == Dialect(schema=learnt)
            assert server.counts.faults["refused"] == 1 + (learnt == "json_object")

    asyncio.run(run())


def test_a_shape_without_lengths_that_was_answered_proves_nothing_for_one_with_them(tmp_path: Path) -> None:
    async def run() -> None:
        async with Faulty(Faults(refuses=("maxLength",))) as server:
            gateway = served(tmp_path, server.base_url)
            assert [answer.state for answer in await ask(gateway)] == ["ok"]
            assert [answer.state for answer in await ask(gateway, shape=Bounded)] == ["ok"]

    asyncio.run(run())


def test_without_lengths_a_schema_says_all_the_rest() -> None:
    schema = schema_of(Bounded)
    bare = unbounded(schema)
    assert set(bare["properties"]) == {"label", "maxItems"}
    assert bare["properties"]["label"] == {"enum": ["praise", "other"], "type": "string"}
    assert bare["properties"]["maxItems"] == {"type": "array", "items": {"type": "string"}}
    assert (bare["required"], bare["additionalProperties"]) == (schema["required"], False)
    assert schema["properties"]["label"]["maxLength"] == 9, "the schema itself, which is part of the key, stays as it is"


def test_many_requests_at_once_learn_one_dialect(tmp_path: Path) -> None:
    async def run() -> None:
        async with Faulty(Faults(refuses=("json_schema", "max_tokens"), latency=0.01)) as server:
            answers = await ask(served(tmp_path, server.base_url), count=200, shape=None)
            assert {answer.state for answer in answers} == {"ok"}
            assert server.counts.faults["refused"] <= 32, "no more than were under way before the first refusal came"

    asyncio.run(run())


def test_without_json_schema_the_shape_is_said_in_words() -> None:
    request = question_request(scripted(Path(), lambda _: GOOD)[0].endpoint("m"), question())
    assert wire.body(request)["response_format"]["json_schema"]["schema"] == request.schema
    weak = wire.body(request.put_in(Dialect(schema="json_object")))
    assert weak["response_format"] == {"type": "json_object"}
    assert '"additionalProperties":false' in weak["messages"][0]["content"]
    assert weak["messages"][0]["content"].startswith("Label it."), "the constant part stays first"
    assert weak["messages"][1:] == wire.body(request)["messages"][1:]
    assert "response_format" not in wire.body(request.put_in(Dialect(schema="text")))


def test_the_dialect_is_no_part_of_the_key() -> None:
    request = question_request(scripted(Path(), lambda _: GOOD)[0].endpoint("m"), question())
    assert request.put_in(Dialect(schema="text", tokens="max_completion_tokens")).key == request.key


def test_once_a_server_has_answered_a_complaint_is_about_the_request(tmp_path: Path) -> None:
    def script(request: Request) -> str | Reply:
        if request.messages[-1].content == "1":
            return wire.reply(400, b'{"error": {"message": "your text quotes a json_schema that is forbidden here"}}')
        return GOOD

    gateway, _ = scripted(tmp_path, script)

    async def run() -> list[Answer]:
        async with gateway:
            return [await gateway.ask("m", question(str(n))) for n in range(3)]

    assert [answer.state for answer in asyncio.run(run())] == ["ok", "transport", "ok"]
    assert Dialects(gateway.journal).of(question_request(gateway.endpoint("m"), question())) == Dialect()


def test_rewards_are_looked_for_where_the_server_has_them(tmp_path: Path) -> None:
    said = (Message(role="user", content="Hi"), Message(role="assistant", content="Hello"))

    async def run() -> None:
        async with Faulty(Faults(refuses=("pooling",))) as server:
            async with served(tmp_path, server.base_url) as gateway:
                first = await gateway.score("m", said)
                second = await gateway.score("m", said[:1])
            assert first.state == second.state == "ok"
            assert 0 <= first.value < 1
            assert first.value != second.value
            assert server.counts.faults["refused"] == 1
        async with (
            Faulty(Faults(refuses=("pooling", "classify"))) as server,
            served(tmp_path / "b", server.base_url) as gateway,
        ):
            with pytest.raises(ModelError, match="address"):
                await gateway.score("m", said)

    asyncio.run(run())


def test_a_server_that_takes_text_only_is_sent_the_filled_template(tmp_path: Path) -> None:
    template = "{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}"
    gateway, transport = scripted(tmp_path, lambda request: 1.0, template=template)

    async def run() -> None:
        async with gateway:
            await gateway.score("m", (Message(role="user", content="Hi"), Message(role="assistant", content="{{ 7 * 7 }}")))

    asyncio.run(run())
    (request,) = transport.requests
    assert wire.address(request) == "http://scripted/classify"
    assert wire.body(request)["text"] == "[user] Hi\n[assistant] {{ 7 * 7 }}\n"
