"""Locks on what has no row of its own: taken in one order, given back with the transaction."""

import threading

import pytest

from core.database.locks import DatabaseLock, take_lock
from core.database.sessions import unit_of_work
from tests.conftest import ADMIN


def test_a_lock_that_comes_earlier_is_not_taken_after_a_later_one(database):
    with pytest.raises(RuntimeError, match="TREE is to be locked before STORES"), unit_of_work(ADMIN) as session:
        take_lock(session, DatabaseLock.STORES)
        take_lock(session, DatabaseLock.TREE)


def test_locks_are_given_back_with_the_transaction(database):
    for _ in range(2):
        with unit_of_work(ADMIN) as session:
            take_lock(session, DatabaseLock.TREE)
            take_lock(session, DatabaseLock.TREE)
            take_lock(session, DatabaseLock.STORES)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # SQLite has one writer
def test_others_wait_for_the_same_lock_and_for_the_same_part_of_one_only(database):
    order, is_held, may_end = [], threading.Event(), threading.Event()

    def hold() -> None:
        with unit_of_work(ADMIN) as session:
            take_lock(session, DatabaseLock.JOB_QUOTA, "a@example.com")
            is_held.set()
            may_end.wait(10)
            order.append("first")

    def follow() -> None:
        with unit_of_work(ADMIN) as session:
            take_lock(session, DatabaseLock.JOB_QUOTA, "a@example.com")
            order.append("second")

    first, second = threading.Thread(target=hold), threading.Thread(target=follow)
    first.start()
    is_held.wait(10)
    second.start()
    with unit_of_work(ADMIN) as session:
        take_lock(session, DatabaseLock.JOB_QUOTA, "b@example.com")
        order.append("other")
    may_end.set()
    first.join(10)
    second.join(10)

    assert order == ["other", "first", "second"]


def test_no_two_locks_have_one_number():
    assert len({lock.value for lock in DatabaseLock}) == len(DatabaseLock.__members__) == 8
