"""Orders up to the decision: placed, changed, submitted, withdrawn; a refusal leaves everything as it was."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from core.clock import freeze
from core.database.sessions import reading, unit_of_work
from core.errors import InvalidInput, NotFound, NotPermitted
from models.orders import Order, OrderLine, OrderRow
from models.partners.partners import Partner
from resources.prices import PRICES
from services.orders.lifecycle import discard_order, get_order, place_order, submit_order, withdraw_order
from tests.conftest import (
    ADMIN,
    BEIFANG_CLERK,
    HUADONG,
    HUADONG_CLERK,
    HUADONG_OWNER,
    LING,
    MEI,
    SUZHOU,
    SUZHOU_CLERK,
    SUZHOU_PATH,
    WEI,
)
from tests.services.orders.support import (
    actions,
    add_range,
    approved,
    books_are_right,
    draft,
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


def test_an_order_is_placed_at_the_prices_of_the_buyers_tier(shop):
    order = place(SUZHOU_CLERK, ("MILK", 10), ("TEA", 3, "box"))

    with reading(SUZHOU_CLERK) as session:
        found = get_order(session, order.number)
    assert (found.status, found.total_cents, found.tax_cents) == ("draft", 1_560_00, 179_47)
    assert (found.buyer.code, found.path, found.placed_by) == ("SZ", SUZHOU_PATH, "clerk@suzhou.example.com")
    assert [(x.line, x.sku, x.quantity, x.unit, x.units, x.unit_price, x.total_cents) for x in found.lines] == [
        (1, "MILK", 10, "unit", 10, 120_0000, 1_200_00),
        (2, "TEA", 3, "box", 36, 10_0000, 360_00),
    ]
    assert (used(SUZHOU), actions()) == (0, ["order.placed"])


def test_numbers_count_up_within_the_months_of_the_brand(shop):
    with freeze(datetime(2026, 11, 30, 15, 59, tzinfo=UTC)):
        numbers = [place().number, place().number]
    with freeze(datetime(2026, 11, 30, 16, 0, tzinfo=UTC)):  # midnight in Shanghai
        numbers.append(place().number)

    assert numbers == ["SO-202611-000001", "SO-202611-000002", "SO-202612-000001"]


def test_what_is_left_out_of_the_ship_to_comes_from_the_buyer(shop):
    with unit_of_work(ADMIN) as session:
        own = {"contact": "王磊", "phone": "13800138000", "region": "320508", "address": "观前街 1 号"}
        session.execute(update(Partner).where(Partner.code == "SZ").values(**own))

    whole, other_place = place(SUZHOU_CLERK), place(SUZHOU_CLERK, ship_to_address="虎丘路 2 号", note="急")

    whole, other_place = stored(whole.number), stored(other_place.number)
    assert (whole.ship_to_name, whole.ship_to_phone) == ("王磊", "13800138000")
    assert (whole.ship_to_region, whole.ship_to_address) == ("320508", "观前街 1 号")
    assert (other_place.ship_to_region, other_place.ship_to_address) == (None, "虎丘路 2 号")
    assert (other_place.ship_to_name, other_place.note) == ("王磊", "急")


@pytest.mark.parametrize(
    ("actor", "buyer", "expected"),
    [
        (HUADONG_CLERK, None, "HD"),
        (HUADONG_CLERK, "SZ", "SZ"),
        (WEI, "SZ", "SZ"),
        (LING, "BF", "BF"),
    ],
)
def test_staff_order_for_anybody_and_partners_within_their_branch(shop, actor, buyer, expected):
    order = place(actor, buyer=buyer)

    with reading(ADMIN) as session:
        assert get_order(session, order.number).buyer.code == expected


@pytest.mark.parametrize(
    ("actor", "buyer", "code"),
    [
        (SUZHOU_CLERK, "HD", "partners.not_found"),
        (BEIFANG_CLERK, "SZ", "partners.not_found"),
        (WEI, "NOPE", "partners.not_found"),
        (WEI, None, "fields.required"),
        (MEI, "HD", "access.denied"),
    ],
)
def test_nobody_orders_for_a_stranger(shop, actor, buyer, code):
    error = refused(actor, lambda session: place_order(session, draft(("MILK", 1), buyer=buyer)))

    assert error.code == code


def test_a_partner_that_is_not_active_cannot_order(shop):
    order = place(SUZHOU_CLERK)
    with unit_of_work(ADMIN) as session:
        session.execute(update(Partner).where(Partner.code == "SZ").values(status="frozen"))

    placed = refused(SUZHOU_CLERK, lambda session: place_order(session, draft(("MILK", 1))))
    submitting = refused(SUZHOU_CLERK, lambda session: submit_order(session, order.number))

    assert placed.code == submitting.code == "orders.buyer_not_active"


@pytest.mark.parametrize(
    ("lines", "code", "fields"),
    [
        ([], "orders.no_lines", {"lines"}),
        ([("MILK", 1), ("NOPE", 1)], "products.not_found", {"lines.1.sku"}),
        ([("OLD", 1)], "orders.product_inactive", {"lines.0.sku"}),
        ([("UNPRICED", 1)], "orders.no_price", {"lines.0.sku"}),
        ([("TEA", 5), ("NOPE", 1)], "orders.below_minimum", {"lines.0.quantity", "lines.1.sku"}),
        ([("TEA", 30)], "orders.box_multiple", {"lines.0.quantity"}),
        ([("MILK", 0)], "orders.quantity_not_positive", {"lines.0.quantity"}),
        ([("MILK", 1), ("MILK", 2)], "orders.repeated_product", {"lines.1.sku"}),
        ([("MILK", 10**9)] * 1001, "orders.too_many_lines", set()),
    ],
)
def test_an_order_with_a_wrong_line_is_refused_and_every_wrong_line_named(shop, lines, code, fields):
    error = refused(HUADONG_CLERK, lambda session: place_order(session, draft(*lines)))

    assert isinstance(error, InvalidInput)
    assert (error.code, set(error.fields)) == (code, fields)


def test_the_sentence_says_which_quantities_would_do(shop):
    error = refused(HUADONG_CLERK, lambda session: place_order(session, draft(("TEA", 40))))

    assert "36" in error.text
    assert "48" in error.text


def test_submitting_holds_the_total_against_the_credit(shop):
    order = submitted(SUZHOU_CLERK, ("MILK", 10))

    found = stored(order.number)
    assert (found.status, found.submitted_by, found.version) == ("submitted", "clerk@suzhou.example.com", 2)
    assert (used(SUZHOU), used(HUADONG), books_are_right()) == (1_200_00, 0, True)
    assert actions() == ["order.placed", "order.submitted"]


def test_placing_and_submitting_at_once_is_the_same(shop):
    order = place(SUZHOU_CLERK, ("MILK", 10), submit=True)

    assert (stored(order.number).status, used(SUZHOU), books_are_right()) == ("submitted", 1_200_00, True)
    assert actions() == ["order.placed", "order.submitted"]


def test_open_orders_and_this_one_may_not_exceed_the_limit(shop):
    submitted(SUZHOU_CLERK, ("MILK", 400))  # 48,000.00 of 50,000.00
    order = place(SUZHOU_CLERK, ("MILK", 17))  # 2,040.00

    late = refused(SUZHOU_CLERK, lambda session: submit_order(session, order.number))
    at_once = refused(SUZHOU_CLERK, lambda session: place_order(session, draft(("MILK", 17)), submit=True))

    assert late.code == at_once.code == "orders.credit_exceeded"
    assert (stored(order.number).status, used(SUZHOU)) == ("draft", 48_000_00)


def test_the_last_cent_of_credit_can_be_used(shop):
    save(PRICES, ADMIN, {"sku": "MILK", "tier": "agent_1", "unit_price": "50000", "valid_from": "2026-02-01"})

    submitted(SUZHOU_CLERK, ("MILK", 1))

    assert used(SUZHOU) == 50_000_00


@pytest.mark.parametrize(("limit", "fits"), [(None, True), (0, False)])
def test_no_limit_means_unlimited_and_zero_means_none(shop, limit, fits):
    with unit_of_work(ADMIN) as session:
        session.execute(update(Partner).where(Partner.code == "SZ").values(credit_limit_cents=limit))
    order = place(SUZHOU_CLERK, ("MILK", 100_000))

    if fits:
        with unit_of_work(SUZHOU_CLERK) as session:
            submit_order(session, order.number)
    else:
        error = refused(SUZHOU_CLERK, lambda session: submit_order(session, order.number))
        assert error.code == "orders.credit_exceeded"

    assert used(SUZHOU) == (12_000_000_00 if fits else 0)


def test_figures_of_the_credit_are_told_only_to_who_may_see_them(shop):
    order = place(SUZHOU_CLERK, ("MILK", 1_000))

    to_clerk = refused(SUZHOU_CLERK, lambda session: submit_order(session, order.number))
    to_owner = refused(HUADONG_OWNER, lambda session: submit_order(session, order.number))

    assert "000.00" not in to_clerk.text
    assert "50,000.00" in to_owner.text


def test_a_submitted_order_keeps_its_prices(shop):
    order = submitted(SUZHOU_CLERK, ("MILK", 10))

    save(PRICES, ADMIN, {"sku": "MILK", "tier": "agent_1", "unit_price": "110", "valid_from": "2026-02-01"})

    assert stored(order.number).total_cents == 1_200_00


def test_a_withdrawn_order_is_a_draft_again_and_gives_the_credit_back(shop):
    order = submitted(SUZHOU_CLERK)

    with unit_of_work(SUZHOU_CLERK) as session:
        withdraw_order(session, order.number)

    found = stored(order.number)
    assert (found.status, found.submitted_by, found.submitted_at) == ("draft", None, None)
    assert (used(SUZHOU), books_are_right(), actions()[-1]) == (0, True, "order.withdrawn")


def test_a_decided_order_says_who_decided_and_when(shop):
    with freeze(datetime(2026, 11, 22, 1, 14, tzinfo=UTC)):
        order = approved(SUZHOU_CLERK)

    error = refused(SUZHOU_CLERK, lambda session: withdraw_order(session, order.number))

    assert error.code == "orders.already_decided"
    assert "ling@example.com" in error.text
    assert "2026-11-22 09:14" in error.text


@pytest.mark.parametrize("step", [get_order, submit_order, withdraw_order, discard_order])
@pytest.mark.parametrize("number", ["SO-202611-999999", "mine"])
def test_a_number_nobody_has_and_one_of_a_stranger_look_the_same(shop, step, number):
    order = place(SUZHOU_CLERK)
    number = order.number if number == "mine" else number

    error = refused(BEIFANG_CLERK, lambda session: step(session, number))

    assert (type(error), error.code) == (NotFound, "orders.not_found")
    assert error.problem.values == {"number": number}


@pytest.mark.parametrize(
    ("actor", "count"), [(SUZHOU_CLERK, 1), (HUADONG_CLERK, 2), (BEIFANG_CLERK, 0), (LING, 2), (WEI, 2)]
)
@pytest.mark.parametrize("model", [Order, OrderLine, OrderRow])
def test_partners_see_the_orders_of_their_branch_only(shop, actor, count, model):
    place(SUZHOU_CLERK)
    place(HUADONG_CLERK)

    with reading(actor) as session:
        assert len(session.scalars(select(model)).all()) == count


def test_a_row_of_a_worksheet_is_a_line_with_its_header(shop):
    order = place(SUZHOU_CLERK, ("MILK", 10), ("TEA", 24), note="急")

    with reading(SUZHOU_CLERK) as session:
        query = select(OrderRow.number, OrderRow.line, OrderRow.sku, OrderRow.note, OrderRow.total_cents)
        rows = session.execute(query.add_columns(OrderRow.order_total_cents).order_by(OrderRow.line)).all()
    assert [tuple(row) for row in rows] == [
        (order.number, 1, "MILK", "急", 1_200_00, 1_440_00),
        (order.number, 2, "TEA", "急", 240_00, 1_440_00),
    ]


@pytest.mark.parametrize("step", [submit_order, withdraw_order, discard_order])
def test_who_may_not_place_orders_changes_nothing(shop, step):
    order = place(SUZHOU_CLERK)

    error = refused(MEI, lambda session: step(session, order.number))

    assert type(error) is NotPermitted
