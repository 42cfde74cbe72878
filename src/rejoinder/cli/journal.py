"""`rejoinder journal`: look into the file of paid answers: is it whole, what is in it, what did it cost.

It only reads, and it shows no question: the journal holds none.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from rejoinder.errors import StoreError
from rejoinder.gateway import Journal
from rejoinder.gateway.journal import Attempt
from rejoinder.gateway.journal_checks import Spent, spent, verify
from rejoinder.store import replaced

app = typer.Typer(no_args_is_help=True, help="Verify, show, sum up and export the journal of paid answers.")
File = Annotated[Path, typer.Argument(help="A journal, or a run folder with a journal.sqlite in it.")]
_SHOWN = 400
"""Characters of a reply on one line."""


@app.command("verify")
def verify_command(file: File) -> None:
    """Check that the file is whole, that every answer can be read and that none was paid twice."""
    journal = _journal(file)
    found = verify(journal)
    for trouble in found.troubles:
        typer.echo(trouble)
    typer.echo(f"{found.attempts:,} attempts, {found.answers:,} answers, {len(found.troubles)} troubles")
    if found.troubles:
        raise StoreError(f"{journal.path}: not as it should be; the lines above say what. Readable answers stay usable")


@app.command("show")
def show_command(
    file: File,
    kind: Annotated[str | None, typer.Option(help="Only attempts of this kind, such as answer or timeout.")] = None,
    prompt: Annotated[str | None, typer.Option(help="Only prompts whose id starts so.")] = None,
    key: Annotated[str | None, typer.Option(help="Only the request with this key, in full.")] = None,
    last: Annotated[int, typer.Option(help="How many of the latest attempts.", min=1)] = 20,
) -> None:
    """Print the latest attempts, one line each; with --key all attempts of one request, whole."""
    chosen = [
        attempt
        for attempt in _journal(file).attempts()
        if kind in {None, attempt.kind} and key in {None, attempt.key} and attempt.prompt.startswith(prompt or "")
    ]
    for attempt in chosen[-last:]:
        text = _reply(attempt)
        typer.echo(f"{_line(attempt)}  {text if key else _short(text)}")
    typer.echo(f"{min(last, len(chosen)):,} of {len(chosen):,} attempts", err=True)


@app.command("stats")
def stats_command(
    file: File, json: Annotated[bool, typer.Option("--json", help="Print one JSON object per prompt and model.")] = False
) -> None:
    """Print what each prompt took of each model over all runs that share the journal."""
    rows = spent(_journal(file))
    for row in rows:
        typer.echo(msgspec.json.encode(row).decode() if json else _sum(row))
    if not json and any(row.cost is None for row in rows):
        typer.echo("cost unknown: the price stands in no list, which is not 0; --prices names a file of your own", err=True)


@app.command("export")
def export_command(
    file: File, out: Annotated[Path | None, typer.Option(help="Where to; standard output when left out.")] = None
) -> None:
    """Write all attempts as JSON lines; replies as text."""
    lines = (msgspec.json.encode(_plain(attempt)) + b"\n" for attempt in _journal(file).attempts())
    if out is None:
        sys.stdout.buffer.writelines(lines)
        return
    with replaced(out) as temporary, temporary.open("wb") as stream:
        stream.writelines(lines)


def _journal(file: Path) -> Journal:
    path = file / "journal.sqlite" if file.is_dir() else file
    if not path.is_file():
        raise StoreError(f"{path}: there is no journal. A run that asks a model keeps it as journal.sqlite in its folder")
    return Journal(path)


def _plain(attempt: Attempt) -> dict[str, Any]:
    told = {name: value for name, value in msgspec.structs.asdict(attempt).items() if name != "raw"}
    return {**told, "raw": _reply(attempt)}


def _reply(attempt: Attempt) -> str:
    return attempt.raw.decode("utf-8", "replace") or attempt.detail


def _short(text: str) -> str:
    line = "".join(letter if letter.isprintable() else " " for letter in text)  # a reply is a stranger's text: no escape codes
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]} ..."


def _line(attempt: Attempt) -> str:
    cost = "cost unknown" if attempt.cost is None else f"${attempt.cost:.6f}"
    return f"{attempt.key[-8:]}  {attempt.kind:<11} {attempt.status:>3}  {attempt.seconds:6.2f} s  {cost}  {attempt.prompt}"


def _sum(row: Spent) -> str:
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in row.kinds.most_common())
    cost = "cost unknown" if row.cost is None else f"${row.cost:.4f}"
    answers = row.kinds["answer"]
    mean = f"{row.seconds / answers:.2f} s per answer" if answers else "no answer"
    counted = f"{answers - row.uncounted:,} of {answers:,} answers counted"
    tokens = f"{row.usage.input_tokens:,} + {row.usage.output_tokens:,} tokens ({counted})"
    return f"{row.prompt} | {row.model}: {kinds}; {tokens}; {cost}; {mean}"
