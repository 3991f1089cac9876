"""Every odd request of ``tests/test_odd_addresses.py`` on both databases."""

import pytest

from tests.test_odd_addresses import failures, odd_requests, product

__all__ = ["product"]

pytestmark = pytest.mark.campaign


async def test_no_odd_value_is_a_failure_on_either_database(product, caplog):
    routes, administrator = product

    wrong = await failures(administrator, odd_requests(routes))

    assert wrong == []
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
