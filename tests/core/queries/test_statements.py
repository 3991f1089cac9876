"""Statements that are kept: whoever asks again sees what is there now, and only what is theirs."""

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from core.access import Actor
from core.database.sessions import reading, unit_of_work
from core.queries._statements import compiled_query
from core.queries.finding import find_page, read_query
from core.resource_registry import Snapshot, revision_of, snapshot_of
from models.customers import Customer
from models.partners.partners import Partner
from resources import current
from resources.customers import CUSTOMERS
from tests.conftest import (
    BEIFANG,
    BEIFANG_CLERK,
    BEIFANG_PATH,
    HUADONG,
    HUADONG_CLERK,
    SUZHOU,
    SUZHOU_CLERK,
    SUZHOU_PATH,
    WEI,
)


def add(code: str, partner_id: int, path: str) -> None:
    with unit_of_work(WEI) as session:
        session.add(Customer(code=code, name=code, stage="lead", partner_id=partner_id, path=path))


def codes(actor: Actor, *pairs: tuple[str, str]) -> list[str]:
    with reading(actor) as session:
        page = find_page(session, read_query(CUSTOMERS, actor, [("sort", "code"), *pairs]))
        assert page.total == len(page.rows) + int(dict(pairs).get("offset", 0))
        return [row["code"] for row in page.rows]


def test_who_asks_again_sees_what_was_added_meanwhile(database):
    add("S1", SUZHOU, SUZHOU_PATH)
    assert codes(SUZHOU_CLERK) == codes(SUZHOU_CLERK) == ["S1"]

    add("S2", SUZHOU, SUZHOU_PATH)

    assert codes(SUZHOU_CLERK) == ["S1", "S2"]
    assert codes(SUZHOU_CLERK, ("offset", "1")) == ["S2"]


def test_statements_of_two_revisions_of_a_resource_are_kept_beside_each_other(database):
    """A resource that people have changed must not be read with the statement of before, nor push it out."""
    changed = replace(CUSTOMERS, fields=CUSTOMERS.fields[:2])
    snapshots = [Snapshot(0, {"customers": CUSTOMERS}), Snapshot(1, {"customers": changed})]
    found = []
    for snapshot in snapshots * 2:
        with reading(WEI) as session:
            resource = snapshot_of(session, snapshot).by_name["customers"]
            compiled = compiled_query(session, read_query(resource, WEI, [("fields", "code")]))
            found.append((compiled.query.resource, id(compiled.cache)))

    assert found[:2] == found[2:]
    assert [resource for resource, _ in found[:2]] == [CUSTOMERS, changed]
    assert found[0][1] != found[1][1]


def test_a_session_keeps_the_resources_it_began_with(database):
    with reading(WEI) as session:
        first = current(session)

        assert snapshot_of(session, Snapshot(7, {})) is first
        assert revision_of(session) == first.revision == 0


def test_nobody_is_answered_with_the_statement_of_another(database):
    add("S1", SUZHOU, SUZHOU_PATH)
    add("B1", BEIFANG, BEIFANG_PATH)

    seen = [codes(actor) for actor in (WEI, SUZHOU_CLERK, BEIFANG_CLERK, HUADONG_CLERK) for _ in range(2)]

    assert seen[::2] == seen[1::2] == [["B1", "S1"], ["S1"], ["B1"], ["S1"]]


def test_who_moved_to_another_branch_sees_that_one(database):
    add("S1", SUZHOU, SUZHOU_PATH)
    assert codes(SUZHOU_CLERK) == ["S1"]
    moved = Actor(
        SUZHOU_CLERK.name, SUZHOU_CLERK.role, SUZHOU_CLERK.person, SUZHOU_CLERK.user_id, BEIFANG, BEIFANG_PATH
    )

    assert codes(moved) == []


@pytest.mark.parametrize("pair", [("stage", "lead"), ("name__contains", "S"), ("stage__in", "lead,won")])
def test_a_filter_holds_each_time(database, pair):
    add("S1", SUZHOU, SUZHOU_PATH)
    assert codes(WEI, pair) == codes(WEI, pair) == ["S1"]

    with unit_of_work(WEI) as session:
        session.execute(update(Customer).values(stage="contacted", name="x"))

    assert codes(WEI, pair) == []


def test_a_filter_by_a_reference_finds_what_is_named_so_now(database):
    add("S1", SUZHOU, SUZHOU_PATH)
    assert codes(WEI, ("partner", "NEW")) == []

    with unit_of_work(WEI) as session:
        session.execute(update(Partner).where(Partner.id == SUZHOU).values(code="NEW"))

    assert codes(WEI, ("partner", "NEW")) == ["S1"]


def test_what_was_made_for_a_key_is_not_used_for_the_next_row_of_that_key(database):
    add("S1", SUZHOU, SUZHOU_PATH)
    add("B1", BEIFANG, BEIFANG_PATH)
    assert codes(WEI, ("partner__in", "SZ,nobody")) == codes(WEI, ("partner__in", "SZ,nobody")) == ["S1"]

    with unit_of_work(WEI) as session:
        session.execute(update(Partner).where(Partner.id == SUZHOU).values(code="OLD"))
        session.execute(update(Partner).where(Partner.id == BEIFANG).values(code="SZ"))

    assert codes(WEI, ("partner__in", "SZ,nobody")) == codes(WEI, ("partner__in", "SZ,nobody")) == ["B1"]
    assert codes(WEI, ("partner__in", "SZ,OLD,nobody")) == ["B1", "S1"]
    assert codes(WEI, ("partner__not", "SZ")) == ["S1"]


@pytest.mark.parametrize("pair", [("partner__in", "BF"), ("partner", "BF"), ("partner__contains", "BF")])
def test_a_reference_to_what_the_actor_may_not_see_means_nothing(database, pair):
    with unit_of_work(WEI) as session:  # a row within the branch that refers to a partner outside of it
        session.add(Customer(code="S1", name="S1", stage="lead", partner_id=BEIFANG, path=SUZHOU_PATH))

    assert codes(SUZHOU_CLERK, pair) == codes(SUZHOU_CLERK, pair) == []
    assert codes(SUZHOU_CLERK) == codes(WEI, pair) == ["S1"]


def test_a_filter_by_a_reference_is_kept_like_any_other(database):
    with reading(WEI) as session:
        query = read_query(CUSTOMERS, WEI, [("partner__in", "SZ,BF,HD"), ("sort", "code")])
        find_page(session, query)
        first = compiled_query(session, query)

        assert first.cache is not None
        assert compiled_query(session, query).cache is first.cache
        assert first.resolved == {query.filter: (HUADONG, SUZHOU, BEIFANG)}


def test_what_is_kept_is_made_once(database):
    with reading(WEI) as session:
        query = read_query(CUSTOMERS, WEI, [("stage", "lead")])
        first = find_page(session, query)
        cache = compiled_query(session, query).cache
        assert cache is not None
        made = dict(cache)

        assert find_page(session, query) == first
        assert compiled_query(session, query).cache == made
        assert session.scalars(select(Customer)).all() == []
