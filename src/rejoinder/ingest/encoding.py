"""What bytes are that are not text in UTF-8, as far as bytes can tell, and the command that converts them.

Converts nothing: a wrong guess would turn letters into others, unseen.
"""

from __future__ import annotations

import codecs
import re

_LOOKED_AT = 1 << 16
_RUN = re.compile(rb"[\x80-\xff]{3}")
_CONTROL = re.compile(rb"[\x00-\x07\x0e-\x1a\x1c-\x1f]")


def why_not_text(raw: bytes) -> tuple[str, str] | None:
    """What is wrong with the beginning of a file or row, and the remedy; None where it is text in UTF-8.

    Args:
        raw: may end in the middle of a character.
    """
    head = raw[:_LOOKED_AT]
    odd, even = head[1::2].count(0), head[::2].count(0)
    if max(odd, even) > 0.3 * len(head) / 2 and min(odd, even) < 0.02 * len(head):
        name = "UTF-16LE" if odd > even else "UTF-16BE"
        return f"the text is not UTF-8 but {name}", _convert(name)
    if len(_CONTROL.findall(head)) > 0.02 * len(head):
        return "the bytes are no text", "Unpack it, or export the log as JSON lines, CSV or Parquet."
    try:
        codecs.getincrementaldecoder("utf-8")().decode(raw)
    except UnicodeDecodeError as error:
        sound, broken = raw[: error.start], raw[error.start : error.start + _LOOKED_AT]
    else:
        return None
    if not sound.isascii():
        return "some bytes of the text are not UTF-8", "Leave them out: iconv -c -f UTF-8 -t UTF-8 FILE > NEW."
    if _is_western(broken):
        return "the text is not UTF-8; it may be Windows-1252 (Latin-1)", _convert("WINDOWS-1252")
    return "the text is not UTF-8, and its encoding cannot be told", _convert("ENCODING")


def _is_western(raw: bytes) -> bool:
    """Whether the letters beyond ASCII stand alone, as in French or German; those of other scripts stand in runs."""
    try:
        raw.decode("cp1252")
    except UnicodeDecodeError:
        return False
    return _RUN.search(raw) is None


def _convert(name: str) -> str:
    return f"Convert it: iconv -f {name} -t UTF-8 FILE > NEW."
