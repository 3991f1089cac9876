"""Floods that last longer than the limits need to fill up: others go on working."""

import pytest

from tests.test_flood import PATHS, address, calm, keys, person, require_calm_for_others

__all__ = ["address", "calm", "keys", "person"]

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(600)]


@pytest.mark.parametrize("name", PATHS)
def test_a_long_flood_from_one_address_is_refused_and_others_go_on(address, keys, person, calm, name):
    require_calm_for_others(address, PATHS[name].format(**keys), person, calm, 10.0)
