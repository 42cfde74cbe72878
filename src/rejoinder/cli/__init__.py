"""The command line: one file per verb, each parses its arguments, calls one chapter of the pipeline and prints.

Exit codes: 0 done, 1 a defect, 2 wrong usage, 3 the log cannot be read, 4 the run folder cannot be used, 5 a model server
cannot be used, 6 the budget is spent, 7 requests wait for a batch, 130 interrupted.
"""

from __future__ import annotations

import sys

import typer

from rejoinder.cli.audit import audit
from rejoinder.cli.classifier import app as classifier
from rejoinder.cli.detect import detect
from rejoinder.cli.evaluate import app as evaluate
from rejoinder.cli.export import export
from rejoinder.cli.formats import formats
from rejoinder.cli.ingest import ingest
from rejoinder.cli.inspect import inspect
from rejoinder.cli.journal import app as journal
from rejoinder.cli.pairs import pairs
from rejoinder.cli.report import report
from rejoinder.cli.rubrics import app as rubrics
from rejoinder.cli.run import run
from rejoinder.cli.serve_model import serve_model
from rejoinder.cli.train import train_command
from rejoinder.cli.train_unsafe import train_unsafe
from rejoinder.cli.why import why
from rejoinder.errors import RejoinderError

_INTERRUPTED = 130

app = typer.Typer(
    name="rejoinder",
    help="Reads chat logs and turns what users say back to a model into feedback, a report and preference data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for verb in (run, ingest, detect, pairs, export, report, inspect, formats, why, audit):
    app.command()(verb)
app.command("serve-model")(serve_model)
app.command("train")(train_command)
classifier.command("train-unsafe")(train_unsafe)
app.add_typer(classifier, name="classifier")
app.add_typer(journal, name="journal")
app.add_typer(rubrics, name="rubrics")
app.add_typer(evaluate, name="evaluate")


def main() -> None:
    """Run the command line; errors made on purpose become one sentence and an exit code, never a traceback."""
    try:
        app()
    except RejoinderError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, SystemExit) as end:
        code = _INTERRUPTED if isinstance(end, KeyboardInterrupt) else end.code
        if code == _INTERRUPTED:  # Typer turns an interrupt of its own into this exit code, without a word
            print("interrupted: finished parts are kept, the same command goes on where it was.", file=sys.stderr)
        sys.exit(code)
