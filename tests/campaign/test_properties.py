"""More examples of properties of which `make test` tries few, because each of them writes much."""

import pytest
from hypothesis import HealthCheck, settings

from tests.services.approvals.test_cases import WALKS, shop, walk_at_random
from tests.services.imports.test_rows import any_outcomes, batch, require_found_once

__all__ = ["batch", "shop"]

pytestmark = pytest.mark.campaign

ROUNDS, WALKS_MAX = 6, 25  # each round in a database of its own: approved orders use up the credit
ROWS_MAX = 200


@pytest.mark.parametrize("round_", range(ROUNDS))
@pytest.mark.parametrize("name", WALKS)
def test_whatever_people_try_each_step_is_decided_once_and_never_by_who_submitted_it(shop, name, round_):
    walk_at_random(WALKS[name], WALKS_MAX)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=ROWS_MAX)
@any_outcomes
def test_every_row_is_found_once_on_the_page_of_its_outcome_with_its_own_cells(batch, outcomes, cells, size, piece):
    require_found_once(batch, outcomes, cells, size, piece)
