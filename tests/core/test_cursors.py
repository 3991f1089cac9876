"""A list's own cursor is accepted: by any field, either way, to the last page, however long its values are."""

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, delete, update

from core.database import reading, transact, unit_of_work
from core.queries import find_page, read_query
from core.query_order import CURSOR_LENGTH_MAX
from core.resource import Resource
from models.customers import Customer
from models.imports import ImportBatch
from models.partners import Affiliation, Partner
from models.users import User
from resources import ALL
from resources.customers import CUSTOMERS
from services.demo import DemoSize, load_demo
from services.tokens import create_token
from tests.conftest import ADMIN, WEI

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


@pytest.fixture
def demo(database: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Give a database with several rows of every resource."""
    monkeypatch.setattr("services.passwords.HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    with unit_of_work(ADMIN) as session:
        session.execute(delete(User).where(User.partner_id.is_not(None)))
        session.execute(delete(Affiliation))
        session.execute(delete(Partner).where(Partner.upstream_id.is_not(None)))
        session.execute(delete(Partner))
    load_demo(ADMIN, DemoSize(partners=12, stores=16, orders=30))
    with unit_of_work(ADMIN) as session:
        session.add_all(
            ImportBatch(resource="customers", person=ADMIN.owner, file_name=f"{number}.xlsx", sha256="0")
            for number in range(5)
        )
    for name in ("a", "b", "c"):
        transact(ADMIN, lambda session, name=name: create_token(session, name, role="sales"))
    return database


def test_every_field_of_every_resource_is_walked_both_ways_to_the_last_page(demo):
    for resource in ALL:
        plain = {field.name: walked(ADMIN, resource, field.name, 1_000) for field in resource.fields}
        assert len(next(iter(plain.values()))) >= 3, resource.name
        for field in resource.fields:
            limit = max(1, len(plain[field.name]) // 3)
            for sort in (field.name, f"-{field.name}"):
                assert walked(ADMIN, resource, sort, limit) == walked(ADMIN, resource, sort, 1_000), (
                    resource.name,
                    sort,
                )


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
