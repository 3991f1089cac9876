"""Demo data: a brand that keeps every rule of the product, goes in only where nothing is, and comes out whole."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select, update

from core.clock import now
from core.database.sessions import reading, unit_of_work
from core.errors import Conflict, NotPermitted
from core.events.log import Event
from core.queries.finding import read_query, stream_rows
from models.accounts.users import User
from models.customers import Customer
from models.money.credit import CreditBalance
from models.orders import Order, OrderLine
from models.partners.partners import Affiliation, Partner
from models.prices import Price
from models.products import Product
from models.stores import Store
from resources import BY_NAME
from services.accounts.passwords import is_correct
from services.demo import loading
from services.demo._clearing import clear_demo
from services.demo._names import PEOPLE
from services.demo.loading import DemoSize, load_demo
from services.orders.approval import approve_order
from services.orders.drafts import OrderDraft
from services.orders.lifecycle import change_order, place_order, submit_order
from services.orders.pricing import LineDraft
from tests.browser.signing_in import session_of
from tests.conftest import ADMIN, CAST, LING, WEI
from tests.services.demo.support import SIZE, broken, count, fingerprint, one, table_counts
from tests.services.orders.support import save

BUSINESS = (Partner, Affiliation, CreditBalance, Product, Price, Customer, Order, OrderLine)
IS_PARTNER = Partner.status == "active"  # and nobody who only applies to be one


def refusal(code: str) -> Conflict:
    with pytest.raises(Conflict) as refused:
        clear_demo(ADMIN)
    assert refused.value.code == code
    return refused.value


# --- what is loaded ---


def test_a_load_makes_the_requested_amount_and_every_invariant_holds(empty):
    facts = load_demo(ADMIN, SIZE)

    assert count(Partner, Partner.tier != "store") == 24
    assert count(Partner, Partner.tier == "store") == 30
    assert (count(Order), count(Product), count(Price), count(Customer)) == (120, 60, 600, 360)
    assert (facts["partners"], facts["stores"], facts["orders"], facts["customers"]) == (24, 30, 120, 360)
    assert count(Store) == count(Store, Store.ordering_partner_id.is_not(None)) == 30
    assert broken() == []
    assert count(Partner, Partner.tier.in_(["master_agent", "agent_1", "agent_2", "dealer"])) == 24


@pytest.mark.parametrize("size", [DemoSize(0, 0, 0), DemoSize(1, 0, 3), DemoSize(3, 2, 5), DemoSize(8, 0, 8)])
def test_a_very_small_load_is_whole_too(empty, size):
    load_demo(ADMIN, size)

    assert (count(Partner), count(Order)) == (size.partners + size.stores, size.orders)
    assert broken() == []


def test_the_same_seed_makes_the_same_data_and_another_seed_other_data(empty):
    load_demo(ADMIN, SIZE)
    first = fingerprint()
    clear_demo(ADMIN)

    load_demo(ADMIN, SIZE)
    second = fingerprint()
    clear_demo(ADMIN)
    load_demo(ADMIN, DemoSize(24, 30, 120, seed=7))

    assert [row[0] for row in first[0]] == [row[0] for row in second[0]]
    assert first[1:] == second[1:]
    assert fingerprint()[1] != first[1]


def test_orders_wait_some_of_them_late_and_others_are_drafts_or_rejected(loaded):
    assert count(Order, Order.status == "submitted") == 12
    assert count(Order, Order.status == "submitted", Order.submitted_at < now() - timedelta(hours=24)) == 4
    assert count(Order, Order.status == "draft") == 8
    assert count(Order, Order.status == "rejected") >= 6
    assert count(Order, Order.status == "shipped") > 80
    assert count(Order, Order.created_at > now()) == 0


def test_dealers_are_over_their_limit_because_it_was_lowered(loaded):
    with reading(ADMIN) as session:
        over = select(Partner.code).join(CreditBalance, CreditBalance.partner_id == Partner.id)
        codes = set(session.scalars(over.where(CreditBalance.used_cents > Partner.credit_limit_cents)))
        lowered = set(session.scalars(select(Event.subject_key).where(Event.action == "partner.changed")))
        waiting = set(session.scalars(select(Partner.code).join(Order, Order.buyer_id == Partner.id)
                                      .where(Order.status == "submitted")))  # fmt: skip
    assert codes
    assert codes <= lowered
    assert codes & waiting


def test_two_dealers_share_a_telephone_and_nearly_name_and_address(loaded):
    facts = loaded.facts

    with reading(ADMIN) as session:
        shared = select(Partner.phone).where(IS_PARTNER).group_by(Partner.phone).having(func.count() > 1)
        twins = session.scalars(select(Partner).where(Partner.phone.in_(shared), IS_PARTNER).order_by(Partner.address))
        first, second = twins.all()
    assert {first.code, second.code} == set(facts["to_find"]["one_company"])
    assert (first.tier, second.tier, first.region) == ("dealer", "dealer", second.region)
    assert first.name[:4] == second.name[:4]
    assert first.name != second.name
    assert second.address == f"{first.address}2楼"


def test_one_agents_goods_all_go_to_another_province(loaded):
    facts = loaded.facts

    with reading(ADMIN) as session:
        pairs = session.execute(
            select(Partner.code, Partner.region, Order.ship_to_region).join(Order, Order.buyer_id == Partner.id)
        ).all()
    away = {code for code, own, there in pairs if own[:2] != there[:2]}
    home = {code for code, own, there in pairs if own[:2] == there[:2]}
    assert sorted(away - home) == facts["to_find"]["diversion"]
    assert away & home == set()


@pytest.mark.parametrize("name", ["partners", "stores", "products", "prices", "customers"])
def test_every_row_is_one_that_a_worksheet_could_have_brought(loaded, name):
    resource = BY_NAME[name]
    fields = resource.stated_fields
    with reading(ADMIN) as session:
        pairs = [("fields", ",".join(field.name for field in fields))]
        rows = [row for slice_ in stream_rows(session, read_query(resource, ADMIN, pairs)) for row in slice_]
    stated = [{field.name: field.kind.dump(value) for field, value in zip(fields, row, strict=False)} for row in rows]

    saved = save(resource, ADMIN, *stated)

    assert saved.problems == []
    assert saved.unchanged == len(rows) > 0


def test_there_is_one_person_for_each_role_with_a_password_of_their_own(loaded):
    people = loaded.facts["people"]

    assert [one["role"] for one in people] == [person.role.value for person in PEOPLE]
    assert len({one["password"] for one in people}) == len(people) == 10
    for person in people[:2]:
        user = one(User, User.email == person["email"])
        assert user.status == "active"
        assert is_correct(user.password_hash, person["password"])
    assert count(Event, Event.action == "demo.loaded") == 2


def test_a_waiting_order_can_be_approved_by_somebody_who_did_not_place_it(loaded):
    with reading(ADMIN) as session:
        free = select(Order.number).join(Partner, Order.buyer_id == Partner.id)
        number = session.scalars(free.where(Order.status == "submitted", Partner.tier == "agent_1").limit(1)).one()

    with unit_of_work(LING) as session:
        order = approve_order(session, number)

    assert order.status == "approved"


# --- where it goes in ---


def test_a_load_is_refused_where_business_rows_are_and_changes_nothing(database):
    before = table_counts()

    with pytest.raises(Conflict) as refused:
        load_demo(ADMIN, SIZE)

    assert refused.value.code == "demo.not_empty"
    assert "partners 3" in refused.value.text
    assert table_counts() == before


def test_a_second_load_is_refused(loaded):
    before = table_counts()

    with pytest.raises(Conflict) as refused:
        load_demo(ADMIN, SIZE)

    assert refused.value.code == "demo.already_loaded"
    assert table_counts() == before


@pytest.mark.parametrize("actor", CAST[1:], ids=lambda actor: actor.name)
def test_only_an_administrator_loads_and_clears(sqlite_database, actor):
    with pytest.raises(NotPermitted):
        load_demo(actor, SIZE)
    with pytest.raises(NotPermitted):
        clear_demo(actor)


# --- how it comes out ---


def test_clearing_leaves_what_was_there_before_and_one_event_more(loaded):
    events = count(Event)

    facts = clear_demo(ADMIN)

    assert table_counts() == loaded.counts_before | {"events": events + 1}
    assert facts["removed"] == {
        "orders": 120, "customers": 360, "users": 12, "prices": 600, "products": 60, "partners": 54, "stores": 30,
        "departments": 7, "invites": 8, "applications": 12, "affiliation_requests": 8, "files": 1,
    }  # fmt: skip
    assert count(Event, Event.action == "demo.cleared") == 1
    assert broken() == []


def test_clearing_where_no_demo_data_is_removes_nothing(database):
    before = table_counts()

    assert clear_demo(ADMIN) == {"removed": {}}
    assert table_counts() == before


def test_what_people_did_with_demo_rows_goes_with_them(loaded):
    draft = one(Order, Order.status == "draft")
    with unit_of_work(ADMIN) as session:  # a made-up limit may be used up
        session.execute(update(Partner).where(Partner.id == draft.buyer_id).values(credit_limit_cents=None))
    dealer, agent = one(Partner, Partner.tier == "dealer"), one(Partner, Partner.tier == "agent_1")
    sku = one(Product, Product.status == "active").sku
    with unit_of_work(WEI) as session:
        change_order(session, draft.number, OrderDraft(lines=(LineDraft(sku, 5, "box"),)))
        submit_order(session, draft.number)
    save(BY_NAME["partners"], ADMIN, {"code": dealer.code, "upstream": agent.code})
    session_of(LING_OF_THE_DEMO)

    clear_demo(ADMIN)

    assert table_counts() | {"events": 0} == loaded.counts_before | {"events": 0}


LING_OF_THE_DEMO = type(LING)("ling@demo.example", LING.role, "ling@demo.example")


def test_real_rows_that_refer_to_demo_rows_keep_everything_in_place_and_are_named(loaded):
    agent, sku = one(Partner, Partner.tier == "agent_1"), one(Product, Product.status == "active").sku
    save(BY_NAME["customers"], ADMIN, {"code": "C1", "name": "真实客户", "partner": agent.code})
    save(BY_NAME["partners"], ADMIN, {"code": "REAL", "name": "真实", "tier": "dealer", "upstream": agent.code})
    with unit_of_work(WEI) as session:
        order = place_order(session, OrderDraft(buyer="REAL", lines=(LineDraft(sku, 5, "box"),)))
    before = table_counts()

    refused = refusal("demo.referred_to")

    assert table_counts() == before
    for named in (
        f"customers C1 → partners {agent.code}",
        "partners REAL → partners",
        f"orders {order.number} → products",
    ):
        assert named in refused.text


def test_a_decision_about_a_demo_order_keeps_everything_in_place(loaded):
    order = one(
        Order, Order.status == "submitted", Order.path.in_(select(Partner.path).where(Partner.tier == "agent_1"))
    )
    with unit_of_work(LING) as session:
        approve_order(session, order.number)
    before = table_counts()

    refused = refusal("demo.referred_to")

    assert f"approvals {LING.name} → orders {order.number}" in refused.text
    assert table_counts() == before


def test_real_rows_beside_the_demo_data_stay(loaded):
    save(BY_NAME["partners"], ADMIN, {"code": "REAL", "name": "真实", "tier": "dealer"})
    save(BY_NAME["customers"], ADMIN, {"code": "C1", "name": "真实客户", "partner": "REAL"})

    clear_demo(ADMIN)

    assert (one(Partner).code, one(Customer).code, count(Affiliation)) == ("REAL", "C1", 1)
    assert broken() == []


def test_a_real_row_with_the_number_of_a_removed_demo_row_stays(loaded):
    with unit_of_work(ADMIN) as session:
        number = session.scalar(select(func.max(Customer.id)))
        session.execute(delete(Customer).where(Customer.id == number))
        session.add(Customer(id=number, code="C1", name="真实客户"))

    clear_demo(ADMIN)

    assert one(Customer).code == "C1"


def test_a_load_that_was_stopped_can_be_cleared(empty, monkeypatch):
    monkeypatch.setattr(loading, "SLICE", 20)
    before = table_counts()

    def stop(done: int) -> None:
        if done == 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_demo(ADMIN, SIZE, stop)
    assert count(Order) == 40
    assert broken() == []

    assert clear_demo(ADMIN)["removed"]["orders"] == 40
    assert table_counts() | {"events": 0} == before | {"events": 0}
