"""Records to Arrow columns and back, derived from the type annotations of the record and nothing else.

Both ways work column by column: that is several times faster than a Python dict per row.
"""

from __future__ import annotations

import types
from collections.abc import Sequence
from functools import cache
from itertools import accumulate, chain, pairwise
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import pyarrow as pa

from rejoinder.records import Record

_SCALARS: dict[Any, pa.DataType] = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}


@cache
def arrow_schema(record: type[Record]) -> pa.Schema:
    """The Arrow schema of a record type: scalars, optionals, literals, tuples and nested records."""
    return pa.schema([pa.field(name, _arrow_type(hint), nullable=_optional(hint)) for name, hint in _fields(record)])


def to_table(record: type[Record], rows: Sequence[Record]) -> pa.Table:
    """One column per field of `record`, in the order of its annotations."""
    arrays = [_encode(hint, [getattr(row, name) for row in rows]) for name, hint in _fields(record)]
    return pa.Table.from_arrays(arrays, schema=arrow_schema(record))


def from_table(record: type[Record], table: pa.Table) -> list[Any]:
    """The records that `to_table` was given; a column that the file lacks takes the field's default."""
    return _decode_record(record, [(name, table.column(name).combine_chunks()) for name in table.column_names], table.num_rows)


@cache
def _fields(record: type[Record]) -> tuple[tuple[str, Any], ...]:
    hints = get_type_hints(record)
    return tuple((name, hints[name]) for name in record.__struct_fields__)


def _optional(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType) and type(None) in get_args(hint)


@cache
def _bare(hint: Any) -> Any:
    """The annotation without `| None`, and a literal as the type of its words."""
    if _optional(hint):
        (hint,) = (argument for argument in get_args(hint) if argument is not type(None))
    return str if get_origin(hint) is Literal else hint


@cache
def _arrow_type(hint: Any) -> pa.DataType:
    bare = _bare(hint)
    if bare in _SCALARS:
        return _SCALARS[bare]
    if get_origin(bare) is tuple:
        return pa.list_(_arrow_type(get_args(bare)[0]))
    return pa.struct([(name, _arrow_type(inner)) for name, inner in _fields(bare)])  # nullable: the struct itself may be


def _encode(hint: Any, values: Sequence[Any]) -> pa.Array:
    bare = _bare(hint)
    if bare in _SCALARS:
        return pa.array(values, type=_SCALARS[bare])
    if values.count(None) == len(values):  # a column of its own for each field below would be made otherwise
        return pa.nulls(len(values), _arrow_type(bare))
    if get_origin(bare) is tuple:
        present = [value or () for value in values]  # None: the tuple is optional, or a record around it is absent
        offsets = pa.array([0, *accumulate(len(value) for value in present)], type=pa.int32())
        items = _encode(get_args(bare)[0], list(chain.from_iterable(present)))
        absent = pa.array([value is None for value in values], type=pa.bool_())
        return pa.ListArray.from_arrays(offsets, items, type=_arrow_type(bare), mask=absent if None in values else None)
    children = [_encode(inner, [None if v is None else getattr(v, name) for v in values]) for name, inner in _fields(bare)]
    mask = pa.array([value is None for value in values], type=pa.bool_())
    return pa.StructArray.from_arrays(children, fields=list(_arrow_type(bare)), mask=mask)


def _decode(hint: Any, array: pa.Array) -> list[Any]:
    bare = _bare(hint)
    if bare in _SCALARS:
        values: list[Any] = array.to_pylist()
        return values
    if get_origin(bare) is tuple:
        items = _decode(get_args(bare)[0], array.flatten())
        stops = list(accumulate((length or 0 for length in array.value_lengths().to_pylist()), initial=0))
        found = [tuple(items[start:stop]) for start, stop in pairwise(stops)]
        return _where_valid(found, array)
    rows = _decode_record(bare, list(zip(array.type.names, array.flatten(), strict=True)), len(array))
    return _where_valid(rows, array)


def _where_valid(rows: list[Any], array: pa.Array) -> list[Any]:
    """The rows, with None in the places that are null in the array."""
    if not array.null_count:
        return rows
    return [row if valid else None for row, valid in zip(rows, array.is_valid().to_pylist(), strict=True)]


def _decode_record(record: type[Record], columns: list[tuple[str, pa.Array]], length: int) -> list[Any]:
    hints, defaults = dict(_fields(record)), _defaults(record)
    told = [(name, array) for name, array in columns if name in hints and not _says_nothing(array, defaults[name])]
    names = [name for name, _ in told]
    lists = [_decode(hints[name], array) for name, array in told]
    if not names:
        return [record() for _ in range(length)]
    return [record(**dict(zip(names, row, strict=True))) for row in zip(*lists, strict=True)]


@cache
def _defaults(record: type[Record]) -> dict[str, Any]:
    return {field.name: field.default for field in msgspec.structs.fields(record)}


def _says_nothing(array: pa.Array, default: Any) -> bool:
    """Whether every value is the field's default: most columns of most logs are, and need not be made value by value."""
    if default is None:
        return bool(array.null_count == len(array))
    return default == () and not array.null_count and not len(array.flatten())
