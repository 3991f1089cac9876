"""Chunks: every value once and in order, never more than the size."""

from hypothesis import given
from hypothesis import strategies as st

from core.database.chunks import CHUNK_SIZE, in_chunks


@given(st.lists(st.integers()), st.integers(1, 7))
def test_chunks_are_the_values_in_order_and_none_is_larger_than_the_size(values, size):
    chunks = list(in_chunks(values, size))

    assert [value for chunk in chunks for value in chunk] == values
    assert all(0 < len(chunk) <= size for chunk in chunks)


def test_nothing_comes_in_no_chunk_and_a_full_one_in_one():
    assert list(in_chunks([])) == []
    assert [len(chunk) for chunk in in_chunks(range(CHUNK_SIZE))] == [CHUNK_SIZE]
