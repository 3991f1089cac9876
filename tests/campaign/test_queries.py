"""Every payload in every parameter of a list."""

import pytest

from tests.core.queries.test_promises import answers_to_payloads

pytestmark = pytest.mark.campaign


def test_no_value_of_any_parameter_is_a_command(database):
    assert answers_to_payloads(1) > 200
