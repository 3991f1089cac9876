"""Every order of two steps of which one is that somebody leaves: nothing stays with who has left."""

import pytest

from tests.services.organisation.test_leaving import race_to_give, race_to_leave
from tests.support.schedules import all_schedules

pytestmark = pytest.mark.campaign


@pytest.mark.parametrize("schedule", all_schedules())
@pytest.mark.parametrize("race", [race_to_give, race_to_leave])
def test_nothing_stays_with_who_leaves_in_any_order(postgres_database, race, schedule):
    race(postgres_database, schedule)
