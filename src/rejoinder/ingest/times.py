"""Times as logs write them, as seconds since 1970 UTC.

Guesses the unit of a number by its size; a time without a zone is taken as UTC.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime

_LATEST = 4_102_444_800.0  # the year 2100: no log is younger
_ZONE = re.compile(r"\s*(?:UTC|GMT|Z)\s*$", re.IGNORECASE)
_LONG_FRACTION = re.compile(r"(\.\d{6})\d+")
_SLASHES = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})(?:[T ]+(\d{1,2})(:.*))?$")
_FIRST_DATE, _LAST_DATE = 1900_01_01, 2100_12_31
"""Numbers between these that are dates: as seconds they would all lie in 1970, before any log."""


def seconds(value: object) -> float | None:
    """Seconds since 1970 UTC, or None where the value is no time that a log can hold.

    Args:
        value: seconds, milli-, micro- or nanoseconds as a number or digits, a date of eight digits, an ISO 8601 string
            (also with slashes), a datetime, a date.
    """
    if isinstance(value, datetime):
        return _in_range((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp())
    if isinstance(value, date):
        return _in_range(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp())
    if isinstance(value, str):
        return _from_text(value.strip())
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _from_number(value)
    return None


def _from_number(number: float) -> float | None:
    if isinstance(number, float) and not math.isfinite(number):
        return None
    if _FIRST_DATE <= number <= _LAST_DATE and number == int(number):
        return _from_iso(str(int(number)))
    for unit in (1, 10**3, 10**6, 10**9):
        if 0 < number <= _LATEST * unit:
            return float(number) if unit == 1 else number / unit
    return None


def _from_text(text: str) -> float | None:
    try:
        return _from_number(float(text))
    except ValueError:
        pass
    iso = _LONG_FRACTION.sub(r"\1", _ZONE.sub("", text))
    return _from_iso(_SLASHES.sub(_dashes, iso))


def _dashes(found: re.Match[str]) -> str:
    year, month, day, hour, rest = found.groups()
    clock = f"T{hour:0>2}{rest}" if hour else ""
    return f"{year}-{month:0>2}-{day:0>2}{clock}"


def _from_iso(iso: str) -> float | None:
    try:
        moment = datetime.fromisoformat(iso)
        return _in_range((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


def _in_range(moment: float) -> float | None:
    return moment if 0 < moment <= _LATEST else None
