"""Raw rows from streams of bytes, however the bytes arrive."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rejoinder.ingest import cut
from rejoinder.ingest.cut import TornError, Unfit, cut_elements, cut_lines, cut_values

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='ab"\\[]{},:\n😀é', max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='k"\\,', max_size=3), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.text(alphabet='k"\\,', max_size=3), json_values, max_size=3)


def chunked(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def written(value: Any, style: int) -> str:
    return json.dumps(value, ensure_ascii=bool(style & 1), indent=2 if style & 2 else None)


@settings(max_examples=150, deadline=None)
@given(st.lists(json_values, max_size=6), st.integers(1, 40), st.integers(0, 3))
def test_elements_of_an_array_are_those_that_a_json_parser_sees(values: list[Any], size: int, style: int) -> None:
    pieces = list(cut_elements(chunked(written(values, style).encode(), size)))
    assert [json.loads(piece) for piece in pieces if isinstance(piece, bytes)] == values
    assert len(pieces) == len(values)


@settings(max_examples=150, deadline=None)
@given(st.lists(json_values, max_size=5), objects, objects, st.integers(1, 40), st.integers(0, 3))
def test_a_list_inside_an_object_is_found_by_its_key(
    values: list[Any], before: dict[str, Any], after: dict[str, Any], size: int, style: int
) -> None:
    whole = {"before": before, "list": [1, 2], "data": values, "after": after}
    pieces = list(cut_elements(chunked(written(whole, style).encode(), size), "data"))
    assert [json.loads(piece) for piece in pieces if isinstance(piece, bytes)] == values


@settings(max_examples=150, deadline=None)
@given(st.lists(objects, max_size=5), st.sampled_from(["", "\n", ",\n", "\r\n\r\n"]), st.integers(1, 40), st.integers(0, 3))
def test_concatenated_objects_are_cut_apart(values: list[Any], between: str, size: int, style: int) -> None:
    text = between.join(written(value, style) for value in values)
    pieces = list(cut_values(chunked(text.encode(), size)))
    assert [json.loads(piece) for piece in pieces if isinstance(piece, bytes)] == values


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=12).filter(lambda line: b"\n" not in line), max_size=8), st.booleans(), st.integers(1, 20))
def test_lines_are_those_between_the_line_breaks(lines: list[bytes], ended: bool, size: int) -> None:
    data = b"\n".join(lines) + (b"\n" if ended and lines else b"")
    expected = data.split(b"\n")
    if not expected[-1]:
        del expected[-1]
    assert list(cut_lines(chunked(data, size))) == expected


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60) | st.text(alphabet='[]{}",\\: a', max_size=60).map(str.encode), st.integers(1, 20))
def test_no_bytes_whatever_break_a_cutter(data: bytes, size: int) -> None:
    for pieces in (cut_lines, cut_elements, cut_values):
        for piece in pieces(chunked(data, size)):
            assert isinstance(piece, (bytes, Unfit))


def test_one_broken_element_costs_one_element() -> None:
    raw = b'[{"a": 1}, {"a": nonsense}, {"a": "\\ud83d"}, {"a": NaN}]'
    assert list(cut_elements([raw])) == [b'{"a": 1}', b'{"a": nonsense}', b'{"a": "\\ud83d"}', b'{"a": NaN}']


def test_an_array_that_ends_early_gives_what_stood_before_and_one_unfit_row() -> None:
    *whole, last = cut_elements([b'[{"a": 1}, {"a": 2}, {"a": "thr'])
    assert whole == [b'{"a": 1}', b'{"a": 2}']
    assert isinstance(last, Unfit)
    assert last.raw == b'{"a": "thr'


def test_a_stray_closing_bracket_ends_the_cutting_with_one_unfit_row() -> None:
    *_, last = cut_values([b'{"a": 1}}{"a": 2}'])
    assert isinstance(last, Unfit)


@pytest.mark.parametrize("cutter", [cut_lines, cut_elements, cut_values])
def test_a_row_that_is_too_long_is_left_out_and_the_next_one_is_read(cutter: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut, "LONGEST_ROW", 50)
    rows = [json.dumps({"a": "x" * n}) for n in (5, 500, 6)]
    text = "\n".join(rows) if cutter is cut_lines else "[" + ",".join(rows) + "]" if cutter is cut_elements else " ".join(rows)
    pieces = list(cutter(chunked(text.encode(), 20)))
    assert [isinstance(piece, Unfit) and piece.reason for piece in pieces] == [False, "too-long", False]
    assert pieces[2] == rows[2].encode()


@pytest.mark.parametrize("cutter", [cut_lines, cut_elements, cut_values])
def test_a_torn_stream_keeps_what_was_read_and_names_the_tear(cutter: Any) -> None:
    def torn() -> Iterator[bytes]:
        yield b'[{"a": 1},\n{"a"' if cutter is cut_elements else b'{"a": 1}\n{"a"'
        raise TornError("no end")

    pieces = list(cutter(torn()))
    assert isinstance(pieces[0], bytes)
    assert json.loads(pieces[0].strip(b"[,")) == {"a": 1}
    assert isinstance(pieces[-1], Unfit)
    assert pieces[-1].reason == "torn"
