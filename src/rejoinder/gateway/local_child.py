"""The process that keeps a llama.cpp server alive as long as its own input stays open: `LocalServer` starts it.

When whoever started it ends, however suddenly, the input closes and the server stops. It is not meant to be called by hand.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from importlib import import_module
from typing import Any, NoReturn

import msgspec


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What to serve and how; comes as JSON in the first argument."""

    gguf: str
    model: str
    port: int
    context: int
    """Tokens of one request, question and answer together."""
    parallel: int
    threads: int | None = None
    adapter: str | None = None
    """A LoRA adapter as a GGUF file, put on the model for every request."""
    binary: str | None = None
    """A `llama-server`; the one inside the package xllamacpp where it is left out."""


def command(asked: Asked) -> list[str]:
    """The call of a `llama-server` binary; only flags that its versions have long shared."""
    threads = [] if asked.threads is None else ["-t", str(asked.threads), "-tb", str(asked.threads)]
    place = ["--host", "127.0.0.1", "--port", str(asked.port), "--alias", asked.model]
    size = ["-c", str(asked.context * asked.parallel), "-np", str(asked.parallel)]  # the context is divided among the slots
    adapter = [] if asked.adapter is None else ["--lora", asked.adapter]
    return [str(asked.binary), "-m", asked.gguf, *adapter, *place, *size, *threads]


def _run_binary(asked: Asked) -> int:
    process = subprocess.Popen(command(asked), stdin=subprocess.DEVNULL)

    def stop_at_end_of_input() -> None:
        _end_of_input()
        process.terminate()

    threading.Thread(target=stop_at_end_of_input, daemon=True).start()
    code = process.wait()
    return 128 - code if code < 0 else code  # as shells tell of a signal


def _run_package(asked: Asked) -> NoReturn:
    xllamacpp: Any = import_module("xllamacpp")  # the extra `local`
    parameters = xllamacpp.CommonParams()
    parameters.model.path = asked.gguf
    parameters.model_alias = {asked.model}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = asked.port
    parameters.n_ctx = asked.context * asked.parallel
    parameters.n_parallel = asked.parallel
    # the package computes on the processor, where long requests are answered in 0.6 of the time without flash attention
    parameters.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    if asked.adapter is not None:
        adapter = xllamacpp.CommonAdapterLoraInfo()
        adapter.path, adapter.scale = asked.adapter, 1.0
        parameters.lora_adapters = [adapter]
    if asked.threads is not None:
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = asked.threads
    _hold(xllamacpp.Server(parameters))


def _hold(server: Any) -> NoReturn:
    """Keep the server until the input ends, then leave at once: its own end waits, at times for ever, for answers under way."""
    _end_of_input()
    os._exit(0)


def _end_of_input() -> None:
    while os.read(0, 4_096):
        pass


if __name__ == "__main__":
    told = msgspec.json.decode(sys.argv[1], type=Asked)
    sys.exit(_run_binary(told) if told.binary else _run_package(told))
