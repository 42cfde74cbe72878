"""`rejoinder serve-model`: a model file on this machine behind an OpenAI-compatible address, until it is interrupted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rejoinder.gateway.local import LocalServer


def serve_model(
    file: Annotated[Path, typer.Argument(help="A model as a GGUF file.", show_default=False)],
    port: Annotated[int, typer.Option(min=0, max=65_535, help="On 127.0.0.1; 0 takes any free one.")] = 8080,
    context: Annotated[int, typer.Option(min=64, help="Most tokens of one request, question and answer together.")] = 4096,
    parallel: Annotated[int, typer.Option(min=1, help="Requests answered at once.")] = 1,
    threads: Annotated[int | None, typer.Option(min=1, help="As llama.cpp chooses when left out.")] = None,
    adapter: Annotated[
        Path | None, typer.Option(help="A LoRA adapter of that model as a GGUF file (rejoinder train --gguf).")
    ] = None,
    binary: Annotated[
        Path | None, typer.Option(help="A llama-server; else the one on the path or of rejoinder[local].")
    ] = None,
) -> None:
    """Serve a GGUF file on this machine with llama.cpp, until Ctrl-C."""
    server = LocalServer(file, adapter=adapter, context=context, parallel=parallel, threads=threads, port=port, binary=binary)
    with server:
        typer.echo(f"base URL: {server.base_url}")
        typer.echo(f"model: {server.model}")
        typer.echo(f"rejoinder run LOGS --model {server.model} --base-url {server.base_url}")
        server.wait()
