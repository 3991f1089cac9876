"""Drafts of orders: stated, changed, priced anew, discarded."""

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from core.database.sessions import reading, unit_of_work
from core.errors import Conflict, InvalidInput
from core.events.log import Event
from models.orders import OrderLine
from models.products import Product
from resources.prices import PRICES
from services.orders.drafts import parse_order
from services.orders.lifecycle import change_order, discard_order, submit_order
from tests.conftest import (
    ADMIN,
    HUADONG_CLERK,
    SUZHOU,
    SUZHOU_CLERK,
    SUZHOU_PATH,
)
from tests.services.orders.support import (
    actions,
    add_range,
    books_are_right,
    draft,
    everything,
    place,
    refused,
    save,
    stored,
    submitted,
    used,
)


@pytest.fixture
def shop(database):
    add_range()
    return database


def test_a_draft_is_priced_anew_when_it_is_submitted(shop):
    order = place(SUZHOU_CLERK, ("MILK", 10))
    save(PRICES, ADMIN, {"sku": "MILK", "tier": "agent_1", "unit_price": "110", "valid_from": "2026-02-01"})

    seen = refused(SUZHOU_CLERK, lambda session: submit_order(session, order.number, total_cents=1_200_00))
    with unit_of_work(SUZHOU_CLERK) as session:
        after = submit_order(session, order.number, total_cents=1_100_00)

    with reading(ADMIN) as session:
        line = session.scalar(select(OrderLine))
    assert seen.code == "orders.total_changed"
    assert (after.total_cents, line.total_cents, line.unit_price) == (1_100_00, 1_100_00, 110_0000)
    assert (str(line.price_valid_from), used(SUZHOU), books_are_right()) == ("2026-02-01", 1_100_00, True)


def test_a_draft_can_be_rewritten_and_the_trail_says_what_changed(shop):
    order = place(SUZHOU_CLERK, ("MILK", 10))

    with unit_of_work(SUZHOU_CLERK) as session:
        changed = change_order(session, order.number, draft(("TEA", 24), ("MILK", 1), note="急"), version=1)

    with reading(ADMIN) as session:
        lines = session.scalars(select(OrderLine.sku).order_by(OrderLine.line)).all()
        event = session.scalar(select(Event).where(Event.action == "order.changed"))
    assert (changed.total_cents, changed.version, lines) == (360_00, 2, ["TEA", "MILK"])
    assert event.changes == {
        "note": [None, "急"],
        "total": [1_200_00, 360_00],
        "lines": [["MILK × 10"], ["TEA × 24", "MILK × 1"]],
    }


def test_a_draft_that_says_so_already_is_left_alone(shop):
    order = place(SUZHOU_CLERK, ("MILK", 10))
    before = everything()

    with unit_of_work(SUZHOU_CLERK) as session:
        change_order(session, order.number, draft(("MILK", 10)))

    assert everything() == before


def test_a_draft_can_be_for_another_buyer_whose_prices_hold_then(shop):
    order = place(HUADONG_CLERK, ("MILK", 10))

    with unit_of_work(HUADONG_CLERK) as session:
        changed = change_order(session, order.number, draft(("MILK", 10), buyer="SZ"))

    assert (changed.path, changed.total_cents, stored(order.number).path) == (SUZHOU_PATH, 1_200_00, SUZHOU_PATH)


def test_a_form_with_an_older_version_is_refused(shop):
    order = place(SUZHOU_CLERK)
    with unit_of_work(SUZHOU_CLERK) as session:
        change_order(session, order.number, draft(("MILK", 11)))

    error = refused(SUZHOU_CLERK, lambda session: change_order(session, order.number, draft(("MILK", 12)), version=1))

    assert error.code == "orders.changed_meanwhile"


@pytest.mark.parametrize("step", [change_order, submit_order, discard_order])
def test_only_a_draft_can_be_changed_submitted_or_discarded(shop, step):
    order = submitted(SUZHOU_CLERK)
    arguments = (draft(("MILK", 1)),) if step is change_order else ()

    error = refused(SUZHOU_CLERK, lambda session: step(session, order.number, *arguments))

    assert (type(error), error.code) == (Conflict, "orders.wrong_status")


def test_a_discarded_draft_is_gone_and_its_trail_stays(shop):
    order = place(SUZHOU_CLERK)

    with unit_of_work(SUZHOU_CLERK) as session:
        discard_order(session, order.number)

    with reading(ADMIN) as session:
        assert session.scalars(select(OrderLine)).all() == []
    assert (stored(order.number), actions()) == (None, ["order.placed", "order.discarded"])


def test_a_form_is_checked_by_kind_and_every_wrong_entry_named():
    header = {"buyer": "HD", "ship_to_phone": "12", "note": ""}
    lines = [
        {"sku": "MILK", "quantity": "1.5"},
        {"sku": "", "quantity": 3},
        {"sku": "TEA", "quantity": "2", "unit": "箱"},
    ]

    with pytest.raises(InvalidInput) as error:
        parse_order(header, lines)

    assert set(error.value.fields) == {"ship_to_phone", "lines.0.quantity", "lines.1.sku"}


def test_a_good_form_becomes_a_draft():
    stated = parse_order({"buyer": "HD", "ship_to_region": "320508"}, [{"sku": "TEA", "quantity": "2", "unit": "箱"}])

    assert stated == replace(draft(("TEA", 2, "box"), buyer="HD"), ship_to_region="320508")


def test_a_product_that_is_not_sold_any_more_stops_a_draft(shop):
    order = place(SUZHOU_CLERK)
    with unit_of_work(ADMIN) as session:
        session.execute(update(Product).where(Product.sku == "MILK").values(status="inactive"))

    error = refused(SUZHOU_CLERK, lambda session: submit_order(session, order.number))

    assert error.code == "orders.product_inactive"
