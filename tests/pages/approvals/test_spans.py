"""How long something has waited, in words."""

import pytest

from core.clock import freeze, now
from core.i18n import use_language
from pages.approvals.spans import LATE, waiting_text


@pytest.mark.parametrize(
    ("waited", "text", "is_late"),
    [
        (LATE / 48, "waiting 30 min", False),
        (LATE / 4, "waiting 6 h", False),
        (LATE * 1.5, "12 h late", True),
        (LATE * 5, "4 days late", True),
    ],
)
def test_waiting_is_told_in_the_unit_that_fits(waited, text: str, is_late: bool) -> None:
    with freeze(now()), use_language("en"):
        found = waiting_text(now() - waited)

    assert found == (text, is_late)
