"""One row of JSON as a Python value, also where it is JSON only to a patient reader.

Accepts lone surrogates, NaN, huge integers, control characters in strings and doubled keys (the last one counts).
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from rejoinder.ingest.draft import Unreadable
from rejoinder.ingest.encoding import why_not_text

_PATIENT = json.JSONDecoder(strict=False)


def decode_row(line: bytes) -> Any:
    """The value of one row.

    Raises:
        Unreadable: `not-utf8`, `not-json` or `too-deep`.
    """
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return _patiently(line, str(error))


def _patiently(line: bytes, complaint: str) -> Any:
    try:
        text = line.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        problem, remedy = why_not_text(line) or ("the text is not UTF-8", "Its last character is cut off.")
        raise Unreadable("not-utf8", f"Byte {error.start + 1} of the row: {problem}. {remedy}") from error
    try:
        return _PATIENT.decode(text)
    except RecursionError as error:
        raise Unreadable("too-deep", "The row is nested too deeply to be a conversation.") from error
    except ValueError as error:
        raise Unreadable("not-json", f"The row is not JSON ({complaint}). Repair or remove it.") from error
