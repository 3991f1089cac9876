"""Writers of one process come in one after the other, in the order in which they came."""

import threading
import time

import pytest

from core.database._write_queue import WriteQueue
from core.database.sessions import unit_of_work
from core.events.log import EventDraft, record
from tests.conftest import WEI


def test_turns_come_in_order():
    queue, served = WriteQueue(), []
    assert queue.acquire(1)

    def come(number: int) -> None:
        assert queue.acquire(10)
        served.append(number)
        queue.release()

    threads = []
    for number in range(5):
        threads.append(threading.Thread(target=come, args=(number,)))
        threads[-1].start()
        while len(queue._waiting) <= number:
            time.sleep(0.001)
    queue.release()
    for thread in threads:
        thread.join()

    assert served == [0, 1, 2, 3, 4]
    assert queue.acquire(0)


def test_who_does_not_get_a_turn_in_time_is_told_and_holds_up_nobody():
    queue = WriteQueue()
    assert queue.acquire(1)

    assert not queue.acquire(0.01)

    queue.release()
    assert queue.acquire(0)


def test_a_unit_of_work_that_fails_lets_the_next_one_in_at_once(sqlite_database):
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), unit_of_work(WEI) as session:
            record(session, "t.happened", "t", [EventDraft("1")])
            raise ZeroDivisionError

    done = threading.Event()

    def write() -> None:
        with unit_of_work(WEI) as session:
            record(session, "t.happened", "t", [EventDraft("1")])
        done.set()

    threading.Thread(target=write).start()

    assert done.wait(5)
