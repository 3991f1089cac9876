"""A list's own cursor is accepted: by any field, either way, to the last page, however long its values are."""

import pytest
from sqlalchemy import delete, update

from core.database.sessions import reading, unit_of_work
from core.queries._ordering import CURSOR_LENGTH_MAX
from core.queries.finding import find_page, read_query
from core.resource import Resource
from models.customers import Customer
from resources import ALL
from resources.customers import CUSTOMERS
from tests.conftest import ADMIN, WEI
from tests.support.small_demo import load_small_demo

LONG = "长" * 1_900


def walked(actor, resource: Resource, sort: str, limit: int, start: str = "") -> list[str]:
    """Return the keys of all rows from a cursor on, page by page."""
    keys, cursor = [], start
    with reading(actor) as session:
        while cursor is not None:
            pairs = [("sort", sort), ("limit", str(limit)), ("count", "none"), ("sums", "0")]
            page = find_page(session, read_query(resource, actor, [*pairs, ("cursor", cursor)]))
            assert len(page.next_cursor or "") <= CURSOR_LENGTH_MAX
            keys += [row["_key"] for row in page.rows]
            cursor = page.next_cursor
    return keys


def test_every_field_of_every_resource_is_walked_both_ways_to_the_last_page(database, monkeypatch):
    load_small_demo(monkeypatch)
    for resource in ALL:
        plain = {field.name: walked(ADMIN, resource, field.name, 1_000) for field in resource.fields}
        assert len(next(iter(plain.values()))) >= 3, resource.name
        for field in resource.fields:
            limit = max(1, len(plain[field.name]) // 3)
            down = f"-{field.name}"
            assert walked(ADMIN, resource, field.name, limit) == plain[field.name], (resource.name, field.name)
            assert walked(ADMIN, resource, down, limit) == walked(ADMIN, resource, down, 1_000), (resource.name, down)


TEXTS = (f"{LONG}b", f"{LONG}a", LONG, f"{LONG}c", f"{LONG}a", "x", f"{LONG}\n\t z", "长" * 200, "长" * 201, None)
SORTS = ("address", "-address", "address,-tags", "-tags,address", "address,code", "-address,-code")


def add() -> None:
    with unit_of_work(ADMIN) as session:
        session.add_all(
            Customer(code=f"C{number}", name="x", address=text, tags=text) for number, text in enumerate(TEXTS)
        )


@pytest.mark.parametrize("sort", SORTS)
def test_a_cursor_of_long_texts_goes_on_exactly(database, sort):
    add()

    everything = walked(WEI, CUSTOMERS, sort, 1_000)

    assert len(everything) == len(TEXTS)
    for limit in (1, 2, 3):
        assert walked(WEI, CUSTOMERS, sort, limit) == everything


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("change", ["changed", "removed"])
def test_a_row_that_was_changed_or_removed_meanwhile_leaves_no_other_row_out(database, sort, change):
    add()
    everything = walked(WEI, CUSTOMERS, sort, 1_000)
    at = next(index for index, key in enumerate(everything) if key == "C1")
    with reading(WEI) as session:
        pairs = [("sort", sort), ("limit", str(at + 1))]
        cursor = find_page(session, read_query(CUSTOMERS, WEI, pairs)).next_cursor
    with unit_of_work(ADMIN) as session:
        own = Customer.code == "C1"
        session.execute(
            delete(Customer).where(own)
            if change == "removed"
            else update(Customer).where(own).values(address="y", tags="y")
        )

    assert set(everything[at + 1 :]) - {"C1"} <= set(walked(WEI, CUSTOMERS, sort, 2, cursor or ""))
