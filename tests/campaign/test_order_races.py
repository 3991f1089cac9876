"""Every interleaving of each pair of steps, and long crowds: nothing is decided twice, no credit used twice."""

import random

import pytest

from tests.conftest import SUZHOU
from tests.services.orders.races import RACES, run
from tests.services.orders.support import add_range, books_are_right, used
from tests.services.orders.test_races import act_once, crowd
from tests.support.schedules import all_schedules

pytestmark = pytest.mark.campaign

ATTEMPTS = 400  # of each of the threads


@pytest.fixture
def shop(database):
    add_range()
    return database


@pytest.mark.parametrize("name", RACES)
def test_no_interleaving_lets_both_win(shop, name):
    for schedule in all_schedules():
        run(shop, RACES[name], schedule)


@pytest.mark.parametrize("seed", range(5))
def test_no_crowd_uses_more_credit_than_there_is(shop, seed):
    def act(thread: int) -> None:
        chance = random.Random(1_000 * seed + thread)
        for _ in range(ATTEMPTS):
            act_once(chance)

    crowd(act)

    assert used(SUZHOU) <= 50_000_00
    assert books_are_right()
