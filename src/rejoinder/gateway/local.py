"""A model on this machine: a llama.cpp server on loopback with a GGUF file, for as long as a `with` block lasts.

It downloads no model and no server, and listens to nobody outside this machine.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Self

import msgspec

from rejoinder.errors import InputError, ModelError, UsageError
from rejoinder.gateway.endpoint import Endpoint
from rejoinder.gateway.http import Http
from rejoinder.gateway.local_child import Asked
from rejoinder.identity import digest

_PACKAGE = "xllamacpp"
_MAGIC = b"GGUF"
_ILLEGAL = {-signal.SIGILL, 128 + signal.SIGILL}
_STOPPING = 10.0
_LOOK = 0.1
_KEY_VARIABLE = "REJOINDER_LOCAL_KEY"
"""No key is needed; a variable of its own keeps the key of a paid provider from being shown to a local server."""


class LocalServer:
    """`with LocalServer(path) as server:` serves the model at `server.base_url` under the name `server.model`.

    The server stops at the end of the block, and also when this process is killed.

    Args:
        gguf: the model; its chat template must be inside.
        adapter: a LoRA adapter of that model as a GGUF file, such as `rejoinder train --gguf` writes. It has a part in the
            name of the model, so that no journal takes answers without it, or with another, for answers with it.
        context: most tokens of one request, question and answer together.
        parallel: requests answered at once.
        threads: as llama.cpp chooses where left out; 1 is the fastest where other work shares the cores.
        port: any free one for 0.
        binary: a `llama-server`; where left out, the one on the path, or that of the package xllamacpp (extra `local`).
        seconds: how long loading may take.
    """

    def __init__(
        self,
        gguf: Path,
        *,
        adapter: Path | None = None,
        context: int = 4_096,
        parallel: int = 1,
        threads: int | None = None,
        port: int = 0,
        binary: Path | None = None,
        seconds: float = 300.0,
    ) -> None:
        self.model = _name(gguf, adapter)
        self._gguf, self._adapter, self._context, self._parallel = gguf, adapter, context, parallel
        self._threads, self._port, self._binary, self._seconds = threads, port, binary, seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    @property
    def base_url(self) -> str:
        """Up to and with the version."""
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def endpoint(self) -> Endpoint:
        """For a gateway; with as many requests in flight as keep all slots busy."""
        return Endpoint(self.model, self.base_url, key_variable=_KEY_VARIABLE, in_flight=2 * self._parallel)

    def __enter__(self) -> Self:
        """Start it and wait until it answers.

        Raises:
            InputError: the file is no GGUF file.
            UsageError: there is no server to start, or the port is taken.
            ModelError: the server does not start; says why.
        """
        _check(self._gguf)
        binary = find_binary(self._binary)
        self._port = _free_port(self._port)
        asked = Asked(
            gguf=str(self._gguf.resolve()),
            model=self.model,
            port=self._port,
            context=self._context,
            parallel=self._parallel,
            threads=self._threads,
            adapter=None if self._adapter is None else str(self._adapter.resolve()),
            binary=binary,
        )
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "rejoinder.gateway.local_child", msgspec.json.encode(asked).decode()],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # an interrupt at the terminal is ours; the server is stopped in order
        )
        try:
            with ThreadPoolExecutor(1) as pool:  # a loop may already run in this thread
                pool.submit(asyncio.run, self._until_healthy()).result()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            try:
                self._process.wait(_STOPPING)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._log is not None:
            self._log.close()
            self._log = None

    def wait(self) -> None:
        """Return when the server has ended by itself.

        Raises:
            ModelError: always then; says why.
        """
        assert self._process is not None
        self._process.wait()
        raise ModelError(self._why())

    async def _until_healthy(self) -> None:
        deadline = time.monotonic() + self._seconds
        url = f"{self.base_url.removesuffix('/v1')}/health"
        async with Http() as http:
            while time.monotonic() < deadline:
                assert self._process is not None
                if self._process.poll() is not None:
                    raise ModelError(self._why())
                if await _answers(http, self.endpoint, url):
                    return
                await asyncio.sleep(_LOOK)
        raise ModelError(f"{self._gguf} was not loaded within {self._seconds:g} seconds: {self._last_words()}")

    def _why(self) -> str:
        assert self._process is not None
        if self._process.returncode in _ILLEGAL:
            return (
                "the llama.cpp server was compiled for another processor: this one does not know one of its instructions. "
                "The package xllamacpp (pip install 'rejoinder[local]') runs on every x86-64 with AVX2; "
                "otherwise build llama.cpp on this machine and name its llama-server with --binary"
            )
        return f"the llama.cpp server ended with code {self._process.returncode}: {self._last_words()}"

    def _last_words(self) -> str:
        assert self._log is not None
        self._log.seek(0)
        lines = self._log.read().decode("utf-8", "replace").split("\n")
        return " | ".join(line.strip() for line in lines if line.strip())[-1_000:] or "it said nothing"


def find_binary(named: Path | None) -> str | None:
    """The `llama-server` to start, or None for the one inside the package xllamacpp.

    Raises:
        UsageError: there is none.
    """
    if named is not None:
        found = shutil.which(str(named))
        if found is None:
            raise UsageError(f"--binary {named} is not a program; give the path of a llama-server")
        return found
    on_path = shutil.which("llama-server")
    if on_path is None and find_spec(_PACKAGE) is None:
        raise UsageError(
            "no llama.cpp server is installed. Run: pip install 'rejoinder[local]' "
            "(or put a llama-server on the path, or name one with --binary)"
        )
    return on_path


async def _answers(http: Http, endpoint: Endpoint, url: str) -> bool:
    try:
        return (await http.exchange(endpoint, "GET", url)).status == 200
    except OSError:  # it does not listen yet
        return False


def _name(gguf: Path, adapter: Path | None) -> str:
    """What the server calls the model: adapters are all called `adapter.gguf`, so that their contents tell them apart.

    Raises:
        InputError: the adapter is no GGUF file.
    """
    if adapter is None:
        return gguf.stem
    _check(adapter)
    return f"{gguf.stem}+{adapter.stem}-{digest(adapter.read_bytes())[:8]}"


def _check(gguf: Path) -> None:
    try:
        with gguf.open("rb") as file:
            is_model = file.read(len(_MAGIC)) == _MAGIC
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=str(gguf)) from error
    if not is_model:
        raise InputError("is no GGUF file", file=str(gguf), remedy="llama.cpp serves models in this format only")


def _free_port(wanted: int) -> int:
    """The wanted port, or any for 0; another server that already listens there would be taken for ours."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", wanted))
        except OSError as error:
            raise UsageError(f"port {wanted} is taken ({error.strerror}); name another with --port") from error
        port: int = taken.getsockname()[1]
        return port
