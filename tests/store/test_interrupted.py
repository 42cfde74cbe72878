"""Ctrl-C while DuckDB works is Ctrl-C, and what else it says is an error of the store."""

from __future__ import annotations

import pytest

from rejoinder.errors import StoreError
from rejoinder.store.query import answered, query


def test_an_interrupted_query_is_an_interrupt() -> None:
    with pytest.raises(KeyboardInterrupt), answered():
        raise RuntimeError("Query interrupted")


def test_other_errors_keep_their_kind() -> None:
    with pytest.raises(RuntimeError, match="something else"), answered():
        raise RuntimeError("something else")
    with pytest.raises(StoreError, match="query failed"):
        query("SELECT nothing FROM nowhere")
