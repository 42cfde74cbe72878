"""A real llama.cpp server with a real small model, and the ways in which starting one goes wrong."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Literal

import msgspec
import pytest

from rejoinder.errors import InputError, ModelError, UsageError
from rejoinder.gateway import Endpoint, Gateway, Journal
from rejoinder.gateway.dry_run import DryRun
from rejoinder.gateway.local import LocalServer
from rejoinder.gateway.local_child import Asked, command
from rejoinder.gateway.prices import Prices
from rejoinder.gateway.scripted import Scripted
from rejoinder.gateway.tokens import TokenCounter
from rejoinder.records import Answer, Message, Question
from tests.gateway.local_model import model_file, needs_local_model


class Opinion(msgspec.Struct):
    """The asked shape."""

    verdict: Literal["glad", "angry", "neither"]
    words: int


def question(
    text: str, reply: type[msgspec.Struct] | None = Opinion, max_tokens: int = 60, temperature: float = 0.0
) -> Question:
    messages = (Message(role="system", content="Say how the user feels."), Message(role="user", content=text))
    return Question(prompt="feeling 1", messages=messages, reply=reply, max_tokens=max_tokens, temperature=temperature)


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    path = model_file()
    assert path is not None
    with LocalServer(path, context=1_024, parallel=2, threads=1) as running:
        yield running


def ask(server: LocalServer, journal: Journal, questions: list[tuple[Question, int]]) -> list[Answer]:
    async def run() -> list[Answer]:
        async with Gateway({"m": server.endpoint}, journal, prices=Prices()) as gateway:
            return await asyncio.gather(*(gateway.ask("m", one, draw) for one, draw in questions))

    return asyncio.run(run())


@pytest.mark.slow
@needs_local_model
def test_several_in_flight_answer_in_the_asked_shape_and_the_journal_answers_the_second_time(
    server: LocalServer, tmp_path: Path
) -> None:
    questions = [(question(text), 0) for text in ("Thanks, that works!", "No, this is wrong.", "What is a list?", "Why?")]
    answers = ask(server, Journal(tmp_path / "journal.sqlite"), questions)
    assert [answer.state for answer in answers] == ["ok"] * 4
    for answer in answers:
        assert isinstance(answer.value, Opinion)
        assert answer.usage.input_tokens > 10
        assert answer.usage.output_tokens > 3
        assert answer.cost == 0.0  # known: the model runs here

    async def again() -> list[Answer]:
        asked = Scripted(lambda _: AssertionError("asked again"))
        async with Gateway({"m": server.endpoint}, Journal(tmp_path / "journal.sqlite"), transport=asked) as gateway:
            return await asyncio.gather(*(gateway.ask("m", one) for one, _ in questions))

    assert [(answer.value, answer.reused) for answer in asyncio.run(again())] == [(answer.value, True) for answer in answers]


@pytest.mark.slow
@needs_local_model
def test_an_answer_cut_at_its_limit_is_truncated_and_draws_are_different_answers(server: LocalServer, tmp_path: Path) -> None:
    cut = question("Thanks!", max_tokens=4)
    free = question("Tell me of the sea.", reply=None, max_tokens=12, temperature=1.0)
    journal = Journal(tmp_path / "journal.sqlite")
    truncated, first, second = ask(server, journal, [(cut, 0), (free, 0), (free, 1)])
    assert truncated.state == "truncated"
    assert truncated.text
    assert first.text != second.text
    assert len([row for row in journal.attempts() if row.kind == "answer"]) == 3


@pytest.mark.slow
@needs_local_model
def test_a_dry_run_counts_with_the_tokenizer_of_the_server_exactly_what_it_then_counts(
    server: LocalServer, tmp_path: Path
) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    dry = DryRun(journal, Prices(), TokenCounter(journal))
    asked = question("Das war leider falsch: größer als 10!", reply=None, max_tokens=5)

    async def look() -> None:
        async with Gateway({"m": server.endpoint}, journal, transport=dry) as gateway:
            await asyncio.gather(gateway.ask("m", asked), return_exceptions=True)

    asyncio.run(look())
    (forecast,) = dry.forecasts()
    (answer,) = ask(server, journal, [(asked, 0)])
    assert forecast.counted == "tokenizer of the server"
    assert forecast.input_tokens == answer.usage.input_tokens
    assert forecast.cost.high == 0.0


@pytest.mark.slow
@needs_local_model
def test_an_adapter_is_on_the_model_for_every_request(server: LocalServer, tmp_path: Path) -> None:
    gguf, numpy = pytest.importorskip("gguf"), pytest.importorskip("numpy")
    rng = numpy.random.default_rng(0)
    writer = gguf.GGUFWriter(tmp_path / "adapter.gguf", "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 4.0)
    for end, shape in (("a", (4, 1_536)), ("b", (576, 4))):  # SmolLM2-135M: 576 wide, 1,536 inside
        writer.add_tensor(f"blk.0.ffn_down.weight.lora_{end}", rng.normal(size=shape).astype(numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    asked = [(question("Thanks, that works!", reply=None, max_tokens=12), 0)]
    path = model_file()
    assert path is not None
    with LocalServer(path, adapter=tmp_path / "adapter.gguf", context=256, threads=1) as changed:
        said = ask(changed, Journal(tmp_path / "with.sqlite"), asked)[0].text
    plain = [ask(server, Journal(tmp_path / f"without-{n}.sqlite"), asked)[0].text for n in range(2)]
    assert said not in plain
    assert len(set(plain)) == 1, "or else any answer would be another"


@pytest.mark.slow
@needs_local_model
def test_the_server_stops_when_the_process_that_started_it_is_killed() -> None:
    code = """if True:
        import sys, time
        from pathlib import Path
        from rejoinder.gateway.local import LocalServer
        with LocalServer(Path(sys.argv[1]), context=256, threads=1) as server:
            print(server.base_url, flush=True)
            time.sleep(600)
    """
    parent = subprocess.Popen([sys.executable, "-c", code, str(model_file())], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    url = parent.stdout.readline().strip()
    port = int(url.split(":")[2].split("/")[0])
    assert _listens(port)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 30
    while _listens(port):
        assert time.monotonic() < deadline, "the server outlived the process that started it"
        time.sleep(0.05)


@pytest.mark.slow
@needs_local_model
def test_the_server_stops_while_it_answers() -> None:
    path = model_file()
    assert path is not None
    body = {"messages": [{"role": "user", "content": "Count to a thousand."}], "max_tokens": 900, "ignore_eos": True}
    with LocalServer(path, context=1_024, threads=1) as server:
        host, port = "127.0.0.1", int(server.base_url.split(":")[2].split("/")[0])
        asked = HTTPConnection(host, port)
        asked.request("POST", "/v1/chat/completions", msgspec.json.encode(body), {"Content-Type": "application/json"})
        while not _busy(host, port):
            time.sleep(0.05)
        process = server._process
    assert process is not None
    assert process.returncode == 0, "it had to be killed"
    asked.close()


@pytest.mark.slow
@needs_local_model
def test_the_verb_says_where_the_model_is_and_an_interrupt_stops_it() -> None:
    code = "import typer; from rejoinder.cli.serve_model import serve_model; typer.run(serve_model)"
    call = [sys.executable, "-c", code, str(model_file()), "--port", "0", "--context", "256", "--threads", "1"]
    # a job that a shell has put into the background ignores interrupts, and so would its children
    heeds = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(call, stdout=subprocess.PIPE, text=True, preexec_fn=heeds)  # noqa: PLW1509  # no thread runs here
    assert process.stdout is not None
    address, name, example = (process.stdout.readline().strip() for _ in range(3))
    url = address.removeprefix("base URL: ")
    assert name == "model: SmolLM2-135M-Instruct.Q4_1"
    assert example == f"rejoinder run LOGS --model SmolLM2-135M-Instruct.Q4_1 --base-url {url}"
    port = int(url.split(":")[2].split("/")[0])
    assert _listens(port)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) != 0
    assert not _listens(port)


def test_what_is_no_model_and_a_binary_that_is_not_there_are_named(tmp_path: Path) -> None:
    text = tmp_path / "model.gguf"
    text.write_text("no model")
    with pytest.raises(InputError, match="is no GGUF file"), LocalServer(text):
        pass
    with pytest.raises(InputError, match="cannot be read"), LocalServer(tmp_path / "nowhere.gguf"):
        pass
    with pytest.raises(UsageError, match="is not a program"), LocalServer(fake(tmp_path), binary=tmp_path / "nowhere"):
        pass


def test_a_taken_port_is_refused_before_anything_is_started(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} is taken"):
            LocalServer(fake(tmp_path), binary=program(tmp_path, "sleep 60"), port=port).__enter__()


def test_a_server_for_another_processor_is_explained_with_the_build_that_runs(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"another processor.*rejoinder\[local\]"):
        LocalServer(fake(tmp_path), binary=program(tmp_path, "kill -ILL $$")).__enter__()


def test_a_server_that_does_not_start_is_quoted_and_one_that_hangs_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="code 3: no memory for the model"):
        LocalServer(fake(tmp_path), binary=program(tmp_path, "echo no memory for the model; exit 3")).__enter__()
    hanging = program(tmp_path, f"echo $$ > {tmp_path}/pid; exec sleep 600")
    with pytest.raises(ModelError, match="not loaded within"):
        LocalServer(fake(tmp_path), binary=hanging, seconds=1.0).__enter__()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_binary_is_called_with_the_context_of_all_slots_together() -> None:
    asked = Asked(gguf="m.gguf", model="m", port=1, context=100, parallel=3, threads=2, binary="llama-server")
    told = " ".join(command(asked))
    assert told == "llama-server -m m.gguf --host 127.0.0.1 --port 1 --alias m -c 300 -np 3 -t 2 -tb 2"
    tuned = Asked(gguf="m.gguf", model="m", port=1, context=100, parallel=1, adapter="a.gguf", binary="llama-server")
    assert command(tuned)[:5] == ["llama-server", "-m", "m.gguf", "--lora", "a.gguf"]


def test_a_model_with_an_adapter_has_a_name_of_its_own_and_another_adapter_another(tmp_path: Path) -> None:
    adapter = tmp_path / "adapter.gguf"
    names = {LocalServer(fake(tmp_path)).model}
    for content in (b"GGUF one", b"GGUF two"):
        adapter.write_bytes(content)
        names.add(LocalServer(fake(tmp_path), adapter=adapter).model)
    assert len(names) == 3
    assert all(name.startswith("fake") for name in names)
    adapter.write_bytes(b"safetensors")
    with pytest.raises(InputError, match="is no GGUF file"):
        LocalServer(fake(tmp_path), adapter=adapter)


def test_a_local_server_is_never_shown_the_key_of_a_provider(tmp_path: Path) -> None:
    assert LocalServer(tmp_path / "m.gguf").endpoint.key_variable != Endpoint("m", "http://x").key_variable


def fake(tmp_path: Path) -> Path:
    """A file that passes for a model."""
    path = tmp_path / "fake.gguf"
    path.write_bytes(b"GGUF")
    return path


def program(tmp_path: Path, script: str) -> Path:
    """A shell script in the place of a llama-server."""
    path = tmp_path / "llama-server"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def _busy(host: str, port: int) -> bool:
    look = HTTPConnection(host, port)
    look.request("GET", "/slots")
    return any(slot["is_processing"] for slot in msgspec.json.decode(look.getresponse().read()))


def _listens(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0
