"""Chunks of keys for IN lists: a statement has a limited number of parameters."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

CHUNK_SIZE = 500  # every SQLite accepts so many parameters


def in_chunks(values: Sequence[T], size: int = CHUNK_SIZE) -> Iterator[Sequence[T]]:
    """Yield ``values`` in order, ``size`` at a time; nothing for an empty sequence."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
