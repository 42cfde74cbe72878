"""What a model's name, address and key variable must look like, so that a slip is refused before anything is read or sent.

Nothing that could be a key is repeated in a message.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from rejoinder.errors import UsageError

OPENAI = "https://api.openai.com/v1"
OPENAI_KEY = "OPENAI_API_KEY"
"""The server that is asked where none is named, and the variable that holds its key."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def check_address(model: str, base_url: str, key_variable: str) -> None:
    """Refuse what cannot be asked.

    Raises:
        UsageError: there is no name; the address is no http address, or carries a key; the variable's name is none.
    """
    if not model.strip():
        raise UsageError("a model needs a name: give it as its server names it")
    parts = urlsplit(base_url)
    if "@" in parts.netloc:
        raise UsageError("the address of a server holds a name or a key before the @: put the key into the environment or .env")
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise UsageError(
            f"{base_url!r} is no address of a server: it begins with http:// or https://, such as http://127.0.0.1:8080/v1"
        )
    if not _VARIABLE.fullmatch(key_variable):
        raise UsageError(
            "the key variable is the NAME of an environment variable, such as OPENAI_API_KEY, never the key itself"
        )
