"""Names for things: canonical JSON and a tagged hash, so that equal content has an equal name anywhere.

Knows nothing of records or disks; what goes in is anything msgspec can encode.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

_ENCODER = msgspec.json.Encoder(order="deterministic")


def canonical_json(value: Any) -> bytes:
    """Encode `value` as JSON with sorted keys and no white space; equal values give equal bytes."""
    return _ENCODER.encode(value)


def fingerprint(tag: str, value: Any) -> str:
    """Name `value`: 128 bits of BLAKE2b over its canonical JSON, as `tag-<32 hex digits>`.

    The tag is hashed too, so that equal contents of different kinds never share a name.
    """
    return f"{tag}-{digest(tag.encode(), canonical_json(value))}"


def digest(*chunks: bytes) -> str:
    """32 hex digits of BLAKE2b over the chunks, each preceded by its length."""
    state = hashlib.blake2b(digest_size=16)
    for chunk in chunks:
        state.update(len(chunk).to_bytes(8, "little"))
        state.update(chunk)
    return state.hexdigest()


def draw(seed: int, *names: str) -> float:
    """A number in [0, 1) that depends only on the seed and the names: sampling without order or state."""
    value = digest(str(seed).encode(), *(name.encode("utf-8", "surrogatepass") for name in names))
    return int(value[:13], 16) / 16**13
