"""A token bucket lets bursts through, then a steady rate."""

import pytest

from core.throttling import token_bucket
from core.throttling.token_bucket import TokenBucket


@pytest.fixture
def clock(monkeypatch):
    """Give a clock that goes only when it is set."""
    at = [100.0]
    monkeypatch.setattr(token_bucket.time, "monotonic", lambda: at[0])
    return at


def test_a_burst_is_let_through_and_then_a_steady_rate(clock):
    bucket = TokenBucket(per_second=2, burst=5)

    assert [bucket.take() for _ in range(6)] == [True] * 5 + [False]
    clock[0] += 1
    assert [bucket.take() for _ in range(3)] == [True, True, False]


def test_it_never_holds_more_than_its_size(clock):
    bucket = TokenBucket(per_second=2, burst=5)
    clock[0] += 3600

    assert [bucket.take() for _ in range(6)] == [True] * 5 + [False]


def test_what_costs_more_than_there_is_takes_nothing(clock):
    bucket = TokenBucket(per_second=2, burst=5)

    assert [bucket.take(6), bucket.take(5), bucket.take()] == [False, True, False]
