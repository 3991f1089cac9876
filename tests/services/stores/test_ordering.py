"""Stores that order: each is a leaf of the channel tree, and moves with it."""

import pytest
from sqlalchemy import select

from core.database.sessions import reading, unit_of_work
from core.errors import Conflict, InvalidInput
from models.partners.partners import Partner
from models.stores import Store, StoreFinding
from resources import BY_NAME as RESOURCES
from services.installation.checks import broken_invariants
from services.stores.ordering import allow_ordering, stop_ordering
from services.stores.queries import store_findings
from services.stores.review import (
    close_store,
    decide_store,
)
from tests.conftest import ADMIN, BEIFANG_CLERK, HUADONG_OWNER, LING, SUZHOU_PATH, WEI
from tests.services.orders.support import save as save_any
from tests.services.stores.support import (
    away,
    doubtful,
    events,
    photo,
    register,
    save,
    shop,
    stored,
)
from tests.services.stores.test_registration import VISITOR, invited


def step(actor, what, *args, **named):
    with unit_of_work(actor) as session:
        return what(session, *args, **named)


def partner(code: str) -> Partner:
    with reading(ADMIN) as session:
        return session.scalars(select(Partner).where(Partner.code == code)).one()


def broken() -> list[object]:
    with reading(ADMIN) as session:
        return broken_invariants(session)


def test_a_store_that_may_order_is_a_leaf_of_the_channel(database):
    save(WEI, shop("S1", partner="SZ", contact="王敏"))

    store = step(LING, allow_ordering, "S1")

    own = partner("S1")
    assert (own.tier, own.status, own.name, own.contact) == ("store", "active", store.name, "王敏")
    assert own.path == store.path == stored("S1").path
    assert own.path.startswith(SUZHOU_PATH)
    assert own.credit_limit_cents == 0  # operations may not set limits
    assert broken() == []


def test_a_partner_row_that_is_there_already_is_taken_and_a_foreign_one_is_not(database):
    save_any(RESOURCES["partners"], ADMIN, {"code": "S1", "name": "店", "tier": "store", "upstream": "SZ"})
    save(WEI, shop("S1", partner="SZ"), shop("SZ", partner="HD", **away(5_000)))

    step(LING, allow_ordering, "S1")
    with pytest.raises(Conflict) as refused:
        step(LING, allow_ordering, "SZ")

    assert stored("S1").ordering_partner_id == partner("S1").id
    assert refused.value.code == "stores.code_of_partner"
    assert broken() == []


def test_only_an_active_store_orders_and_none_under_a_partner_of_a_tier_below(database):
    doubtful("S1")
    save_any(RESOURCES["partners"], ADMIN, {"code": "MM", "name": "微商", "tier": "micro_merchant", "upstream": "SZ"})
    save(WEI, shop("S2", partner="MM", **away(60)))

    with pytest.raises(Conflict):
        step(LING, allow_ordering, "S1")
    with pytest.raises(InvalidInput) as refused:
        step(LING, allow_ordering, "S2")

    assert refused.value.code == "partners.tier_not_allowed"
    assert stored("S2").ordering_partner_id is None


def test_ordering_is_stopped_and_allowed_again(database):
    save(WEI, shop("S1", partner="SZ"))
    with pytest.raises(Conflict):
        step(LING, stop_ordering, "S1", "欠款")
    step(LING, allow_ordering, "S1")

    step(LING, stop_ordering, "S1", "欠款")
    assert partner("S1").status == "frozen"
    step(LING, allow_ordering, "S1")

    assert partner("S1").status == "active"
    assert [event.data for event in events("store.ordering_stopped")] == [{"note": "欠款"}]


def test_an_invited_store_orders_once_it_is_accepted_and_not_once_it_is_closed(database):
    store = register(VISITOR, invite=invited(), photos=(photo(),))

    step(LING, decide_store, store.code)
    assert (stored(store.code).status, partner(store.code).status) == ("active", "active")
    step(LING, close_store, store.code, "关店")

    assert (stored(store.code).status, partner(store.code).status) == ("closed", "closed")
    assert broken() == []


def test_a_store_that_orders_moves_with_its_partner_row_whichever_is_moved(database):
    save(WEI, shop("S1", partner="SZ", latitude=0, longitude=0, status="active"))
    step(LING, decide_store, "S1")
    step(LING, allow_ordering, "S1")

    saved = save(WEI, {"code": "S1", "partner": "BF"})
    assert (saved.updated, saved.problems) == (1, [])
    assert (partner("S1").upstream_id, stored("S1").path) == (3, partner("S1").path)
    assert broken() == []

    save_any(RESOURCES["partners"], ADMIN, {"code": "S1", "upstream": "HD"})
    assert (stored("S1").partner_id, stored("S1").path) == (1, partner("S1").path)
    with reading(HUADONG_OWNER) as session:
        assert len(session.scalars(select(StoreFinding)).all()) == 1
    assert broken() == []


def test_a_branch_that_moves_takes_its_stores_along(database):
    save(WEI, shop("S1", partner="SZ", region="110000"))

    save_any(RESOURCES["partners"], ADMIN, {"code": "SZ", "upstream": "BF"})

    with reading(BEIFANG_CLERK) as session:
        assert session.scalars(select(Store.code)).all() == ["S1"]
        assert len(store_findings(session, stored("S1").id)) == 1
    assert broken() == []


def test_a_store_that_orders_is_not_put_where_it_cannot_stand(database):
    save_any(RESOURCES["partners"], ADMIN, {"code": "MM", "name": "微商", "tier": "micro_merchant", "upstream": "SZ"})
    save(WEI, shop("S1", partner="SZ"))
    step(LING, allow_ordering, "S1")

    saved = save(WEI, {"code": "S1", "partner": "MM"})

    assert [(p.field, p.problem.code) for p in saved.problems] == [("partner", "partners.tier_not_allowed")]
    assert stored("S1").partner_id == 2
