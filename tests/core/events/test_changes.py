"""What an event changed, by field: events of any format are read by one function, which hides what is confidential."""

from core.events.changes import visible_changes
from core.events.log import Event
from resources.customers import CUSTOMERS
from resources.orders import ORDERS
from resources.partners import PARTNERS
from tests.conftest import ADMIN, MEI, SUZHOU_CLERK, WEI


def event(format_: int, **changes: object) -> Event:
    return Event(format=format_, changes=changes)


def test_columns_of_the_first_format_are_read_as_their_fields():
    old = event(1, owner_id=[3, 5], partner_id=[None, 2], name=["a", "b"])

    assert visible_changes(old, CUSTOMERS, WEI) == {"owner": (3, 5), "partner": (None, 2), "name": ("a", "b")}


def test_the_first_format_may_name_fields_too_and_hold_texts():
    old = event(1, total=["1200.00", "360.00"], buyer=["HD", "SZ"], lines=[["MILK × 1"], []])

    assert visible_changes(old, ORDERS, MEI) == {
        "total": ("1200.00", "360.00"),
        "buyer": ("HD", "SZ"),
        "lines": (["MILK × 1"], []),
    }


def test_the_second_format_names_fields_only():
    assert visible_changes(event(2, owner_id=[3, 5], owner=[3, 5]), CUSTOMERS, WEI) == {"owner": (3, 5)}


def test_what_is_confidential_is_left_out_in_both_formats():
    for format_, name in ((1, "credit_limit_cents"), (2, "credit_limit")):
        changed = event(format_, **{name: [0, 10_000_00], "name": ["a", "b"]})
        assert visible_changes(changed, PARTNERS, SUZHOU_CLERK).keys() == {"name"}
        assert visible_changes(changed, PARTNERS, MEI).keys() == {"credit_limit", "name"}


def test_what_is_no_pair_is_no_change():
    assert visible_changes(event(1, name="b", phone=[1, 2, 3]), CUSTOMERS, ADMIN) == {}
