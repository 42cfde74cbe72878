"""What requests run on: the event loop, uvloop where it is installed, and how often Python looks for garbage meanwhile."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager

_MANY = 50_000
"""Objects: some 500 requests under way."""


def new_event_loop() -> asyncio.AbstractEventLoop:
    """A loop that is not yet running; whoever takes it closes it."""
    try:
        import uvloop  # noqa: PLC0415  # not there on Windows
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


@contextmanager
def rare_collections() -> Iterator[None]:
    """Python's collector of cycles comes after many new objects instead of 700, for the whole process.

    A request under way is some hundred objects, all alive and none in a cycle: the collector searches them in vain, again
    and again, for a tenth of a call's time.
    """
    before = gc.get_threshold()
    gc.set_threshold(max(_MANY, before[0]), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
