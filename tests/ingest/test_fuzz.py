"""Ten thousand malformed rows across all formats: each ends as a conversation or in quarantine, none in a traceback."""

from __future__ import annotations

import contextlib
import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rejoinder.errors import FormatError, InputError
from rejoinder.ingest import ReadLogs, known_formats, plan
from rejoinder.ingest.detect import choose
from rejoinder.ingest.rows import rows_of
from rejoinder.ingest.sources import find_sources
from rejoinder.records import Conversation, Failure
from rejoinder.store import write_part

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "formats"
ROWS = 48
COLUMNS = (("user", "prompt"), ("assistant", "answer"), ("conversation", "session"), ("time", "at"))
TABLE_ROW = {"prompt": "Why?", "answer": "Because.", "session": "s1", "at": "2024-01-01"}
ODD: list[Any] = [
    *(None, True, False, 0, -1, 2**70, 1e308, float("nan"), float("inf"), "", " ", "\x00", "\ud83d", "\udc00x", "x" * 3_000),
    *(
        [],
        {},
        [[]],
        [None],
        {"": None},
        [{}],
        {"role": []},
        [{"role": "user"}],
        [{"type": "text", "text": None}],
        {"parts": [7]},
    ),
    *(
        "[1,",
        '{"role": "user", "content": "in a string"}',
        "9999-99-99",
        "2024-13-45T99:99:99Z",
        "NaN",
        "１２３",
        "\u202e\ufeff",
    ),
]


@cache
def rows_by_format() -> dict[str, list[Any]]:
    """Some rows of every format, from the examples that it is documented with."""
    found: dict[str, list[Any]] = {form.name: [] for form in known_formats()}
    for source in find_sources([EXAMPLES], EXAMPLES):
        with contextlib.suppress(FormatError):  # tables and what lies beside a log
            choice = choose(source, known_formats())
            assert choice is not None
            found[choice.format.name] += [
                json.loads(piece) for piece in rows_of(source, choice.layout) if isinstance(piece, bytes)
            ]
    found["table"] = [TABLE_ROW]
    return found


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of everything inside a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


def broken(row: Any, place: int, odd: Any, way: int) -> Any:
    """The row with one thing in it replaced, taken out, or doubled."""
    paths = places(row)
    path = paths[place % len(paths)]
    if not path:
        return odd if way == 0 else row
    changed = copy.deepcopy(row)
    parent = changed
    for key in path[:-1]:
        parent = parent[key]
    if way == 0:
        parent[path[-1]] = odd
    elif way == 1:
        del parent[path[-1]]
    else:
        parent[path[-1]] = [parent[path[-1]], parent[path[-1]]]
    return changed


breakages = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 10_000), st.sampled_from(ODD), st.integers(0, 2)), min_size=1, max_size=3
)
tears = st.one_of(st.none(), st.none(), st.none(), st.integers(0, 2_000))
garbage = st.binary(max_size=30)


def line_of(rows: list[Any], breaks: list[tuple[int, int, Any, int]], tear: int | None, noise: bytes) -> bytes:
    """One malformed row as bytes."""
    row = rows[breaks[0][0] % len(rows)]
    for _, place, odd, way in breaks:
        row = broken(row, place, odd, way)
    line = json.dumps(row).encode()
    if tear is not None:
        line = line[:tear] + noise + line[tear + 1 :]
    return line.replace(b"\n", b" ").strip()


@pytest.mark.parametrize("name", sorted(form.name for form in known_formats()))
@settings(max_examples=14, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.lists(st.tuples(breakages, tears, garbage), min_size=ROWS, max_size=ROWS))
def test_malformed_rows_end_in_rows_or_in_quarantine(
    name: str, data: list[Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    assert rows_by_format()[name]
    whole = json.dumps(rows_by_format()[name][0]).encode()  # a table whose first rows all lack a column is refused unread
    lines = [whole, *(line_of(rows_by_format()[name], *row) for row in data)]
    path = folder / "log.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")
    columns = COLUMNS if name == "table" else ()
    step = ReadLogs(column_map=columns, redact=("email", "phone", "ip", "key"))
    planned = plan([path], spool=folder / "spool", format=name, column_map=columns)
    outcomes = [outcome for unit in planned.units for outcome in step([unit])]
    good = [outcome for outcome in outcomes if isinstance(outcome, Conversation)]
    bad = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    write_part(folder / "part.parquet", Conversation, good, bad, len(outcomes))
    if planned.units and planned.units[0].kind == "lines":
        numbers = {outcome.origin.row for outcome in outcomes if outcome.origin}
        assert numbers == {number for number, line in enumerate(lines, start=1) if line}


def test_every_format_is_fuzzed_from_rows_of_its_own() -> None:
    assert all(rows_by_format().values())
    assert len(rows_by_format()) * 14 * ROWS >= 10_000


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=st.binary(max_size=300) | st.text(alphabet='[]{}":,\\ \nab1', max_size=200).map(str.encode))
@pytest.mark.parametrize("name", ["log.jsonl", "log.json", "log.csv"])
def test_any_bytes_end_in_rows_quarantine_or_a_clear_refusal(
    name: str, content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    path = folder / name
    path.write_bytes(content)
    try:
        planned = plan([path], spool=folder / "spool", format="openai-messages")
    except InputError:
        return
    assert sum(len(ReadLogs(detect_language=False)([unit])) for unit in planned.units) >= planned.rows
