"""Orders out of worksheets: rows become drafts, one bad row holds its own order and no other."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.access import Actor
from core.clock import today
from core.database.sessions import reading, unit_of_work
from core.errors import NotPermitted
from core.events.log import Event
from core.queries.finding import GridQuery, stream_rows
from importers.exporting import write_rows
from importers.runs._groups import save_groups
from importers.runs.batches import import_file
from importers.runs.runner import ImportReport, Source, preview_import
from importers.writing.xlsx import SheetColumn, write_xlsx
from models.imports import ALL_OR_NOTHING
from models.orders import Order, OrderLine
from models.partners.partners import Partner
from models.prices import Price
from models.products import Product
from resources.orders import ORDER_LINES
from resources.prices import PRICES
from resources.products import PRODUCTS
from services.money.credit import used_credit_cents
from services.saving.plans import Saved, SaveOptions
from tests.conftest import ADMIN, BEIFANG_CLERK, HUADONG_CLERK, MEI, SUZHOU, SUZHOU_CLERK, WEI
from tests.services.orders.support import add_range, everything, place, stored, submitted

GOES_TO = {
    "ship_to_name": "王磊",
    "ship_to_phone": "13800138000",
    "ship_to_region": "320508",
    "ship_to_address": "观前街",
}


@pytest.fixture
def shop(database):
    add_range()
    return database


def take(actor: Actor, *rows: dict[str, Any]) -> Saved:
    """Import rows, the first of which is row 2 of its worksheet."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = {name: [row.get(name) for row in rows] for name in names}
    with unit_of_work(actor) as session:
        return save_groups(session, ORDER_LINES, range(2, len(rows) + 2), cells, SaveOptions())


def line(sku: str, quantity: object, **header: Any) -> dict[str, Any]:
    return {"number": None, "buyer": "HD", **header, "sku": sku, "quantity": quantity}


def counts(saved: Saved) -> tuple[int, int, int]:
    return saved.created, saved.updated, saved.unchanged


def problems(saved: Saved | ImportReport) -> list[tuple[int, str, str]]:
    return [(one.row, one.field, one.problem.code) for one in saved.problems]


def orders() -> list[tuple[str, str, int, list[str]]]:
    """Return number, status, total and lines of every order, oldest first."""
    with reading(ADMIN) as session:
        found = session.execute(
            select(Order.id, Order.number, Order.status, Order.total_cents).order_by(Order.id)
        ).all()
        lines = session.execute(select(OrderLine.order_id, OrderLine.sku, OrderLine.units).order_by(OrderLine.id)).all()
    return [
        (one.number, one.status, one.total_cents, [f"{x.sku} {x.units}" for x in lines if x.order_id == one.id])
        for one in found
    ]


def worksheet(folder: Path, *rows: dict[str, Any]) -> Source:
    names = list(dict.fromkeys(name for row in rows for name in row))
    path = folder / "orders.xlsx"
    with path.open("wb") as target:
        write_xlsx(
            target, "Sheet", [SheetColumn(name) for name in names], ([row.get(name) for name in names] for row in rows)
        )
    return Source(path=path, name="orders.xlsx", kind="xlsx")


def test_rows_of_a_number_are_one_order_wherever_they_stand(shop):
    saved = take(
        WEI,
        line("MILK", 1, number="A-1"),
        line("MILK", 2, number="A-2", buyer="SZ"),
        line("TEA", "2", number="A-1", unit="箱"),
    )

    assert (counts(saved), saved.problems) == ((3, 0, 0), [])
    assert orders() == [
        ("A-1", "draft", 100_00 + 218_00, ["MILK 1", "TEA 24"]),
        ("A-2", "draft", 240_00, ["MILK 2"]),
    ]


def test_rows_without_number_are_one_draft_for_each_buyer_and_ship_to(shop):
    saved = take(
        WEI,
        line("MILK", 1),
        line("MILK", 2, ship_to_name="李四"),
        line("TEA", 24),
        line("MILK", 3, buyer="BF"),
    )

    assert counts(saved) == (4, 0, 0)
    assert [(number, lines) for number, _, _, lines in orders()] == [
        (f"SO-{today():%Y%m}-000001", ["MILK 1", "TEA 24"]),
        (f"SO-{today():%Y%m}-000002", ["MILK 2"]),
        (f"SO-{today():%Y%m}-000003", ["MILK 3"]),
    ]


def test_imports_make_drafts_whatever_the_status_says_and_use_no_credit(shop):
    saved = take(WEI, line("MILK", 1, buyer="SZ", status="approved"))

    with reading(ADMIN) as session:
        event = session.scalar(select(Event).where(Event.subject == "orders"))
        held = used_credit_cents(session, SUZHOU)
    assert (counts(saved), orders()[0][1], held) == ((1, 0, 0), "draft", None)
    assert (event.action, event.person) == ("order.placed", "wei@example.com")


def test_one_bad_row_holds_its_order_and_no_other_and_all_its_rows_come_back(shop):
    saved = take(
        WEI,
        line("MILK", 1, number="A-1"),
        line("NOPE", 1, number="A-1"),
        line("TEA", 5, number="A-1"),
        line("MILK", 1, number="A-2"),
        line("OLD", "x", number="A-3"),
        line("MILK", 1, number="A-3"),
    )

    assert counts(saved) == (1, 0, 0)
    assert [order[0] for order in orders()] == ["A-2"]
    assert problems(saved) == [
        (2, "", "orders.held"),
        (3, "sku", "products.not_found"),
        (4, "quantity", "orders.below_minimum"),
        (6, "quantity", "number.invalid"),
        (7, "", "orders.held"),
    ]


@pytest.mark.parametrize(
    ("wrong", "name", "code"),
    [
        ({"buyer": "NOPE"}, "buyer", "partners.not_found"),
        ({"buyer": ""}, "buyer", "fields.required"),
        ({"sku": ""}, "sku", "fields.required"),
        ({"quantity": ""}, "quantity", "fields.required"),
        ({"quantity": "1.5"}, "quantity", "number.decimals"),
        ({"quantity": "-3"}, "quantity", "number.out_of_range"),
        ({"quantity": 0}, "quantity", "number.out_of_range"),
        ({"unit": "barrel"}, "unit", "choice.unknown"),
        ({"ship_to_phone": "1"}, "ship_to_phone", "phone.invalid"),
        ({"sku": "UNPRICED"}, "sku", "orders.no_price"),
        ({"sku": "OLD"}, "sku", "orders.product_inactive"),
        ({"number": "SO-202611-000777"}, "number", "orders.number_reserved"),
    ],
)
def test_each_kind_of_wrong_cell_is_named_and_changes_nothing(shop, wrong, name, code):
    before = everything()

    saved = take(WEI, line("MILK", 1) | wrong)

    assert (counts(saved), problems(saved), everything()) == ((0, 0, 0), [(2, name, code)], before)


def test_a_header_that_contradicts_itself_is_refused_and_a_blank_one_repeats_what_stands_above(shop):
    saved = take(
        WEI,
        line("MILK", 1, number="A-1", note="急"),
        line("TEA", 24, number="A-1", note=None, buyer=None),
        line("MILK", 1, number="A-2", note="x"),
        line("TEA", 24, number="A-2", note="y"),
    )

    assert counts(saved) == (2, 0, 0)
    assert problems(saved) == [(4, "", "orders.held"), (5, "note", "orders.header_differs")]
    assert saved.problems[1].problem.values == {"row": 4}


def test_a_draft_is_replaced_and_one_that_says_so_already_is_left_alone(shop):
    take(WEI, line("MILK", 1, number="A-1", note="old", **GOES_TO), line("MILK", 2, number="A-2"))
    first = stored("A-1")

    saved = take(WEI, line("TEA", 24, number="A-1", note=""), line("MILK", 2, number="A-2", note=""))

    after = stored("A-1")
    assert counts(saved) == (0, 1, 1)
    assert [(number, lines) for number, _, _, lines in orders()] == [("A-1", ["TEA 24"]), ("A-2", ["MILK 2"])]
    assert (after.id, after.version, after.note) == (first.id, 2, None)
    assert (after.ship_to_name, after.ship_to_address) == ("王磊", "观前街")  # columns that are absent are left alone


def test_the_outcome_of_each_row_of_an_order_is_reported_with_the_values_before(shop):
    take(WEI, line("MILK", 1, number="A-1", note="old"), line("TEA", 24, number="A-1"), line("MILK", 2, number="A-2"))

    saved = take(
        WEI,
        line("MILK", 3, number="A-1", note="new"),
        line("TEA", 24, number="A-1"),
        line("MILK", 2, number="A-2"),
        line("MILK", 4, number="A-3"),
    )

    note = {"note": ["old", "new"]}
    assert (counts(saved), saved.new_rows) == ((1, 2, 1), [5])
    assert saved.changes == {2: {"quantity": [1, 3], **note}, 3: note}


def test_an_order_that_is_under_way_is_not_touched(shop):
    order = submitted(SUZHOU_CLERK)
    before = everything()

    saved = take(WEI, line("TEA", 24, number=order.number, buyer="SZ"))

    assert (problems(saved), everything()) == ([(2, "number", "orders.not_a_draft")], before)


def test_a_partner_imports_for_its_own_branch_and_needs_no_buyer_for_itself(shop):
    saved = take(
        HUADONG_CLERK,
        {"number": "A-1", "buyer": "", "sku": "MILK", "quantity": 1},
        {"number": "A-2", "buyer": "SZ", "sku": "MILK", "quantity": 1},
        {"number": "A-3", "buyer": "BF", "sku": "MILK", "quantity": 1},
    )

    assert counts(saved) == (2, 0, 0)
    assert problems(saved) == [(4, "buyer", "partners.not_found")]
    assert [total for _, _, total, _ in orders()] == [100_00, 120_00]


def test_the_number_of_another_branchs_order_is_taken_and_nothing_of_it_is_shown(shop):
    take(WEI, line("MILK", 1, number="A-1"))
    before = everything()

    saved = take(BEIFANG_CLERK, {"number": "A-1", "sku": "TEA", "quantity": 24})

    assert (problems(saved), everything()) == ([(2, "number", "rows.key_not_available")], before)


def test_a_partner_that_is_not_active_gets_no_orders(shop):
    with unit_of_work(ADMIN) as session:
        session.get(Partner, SUZHOU).status = "frozen"

    saved = take(WEI, line("MILK", 1, buyer="SZ"), line("MILK", 1, buyer="HD"))

    assert (counts(saved), problems(saved)) == ((1, 0, 0), [(2, "buyer", "orders.buyer_not_active")])


def test_who_may_not_place_orders_imports_none(shop):
    with pytest.raises(NotPermitted):
        take(MEI, line("MILK", 1))

    assert orders() == []


def test_an_order_of_too_many_lines_is_refused_as_a_whole(shop, monkeypatch):
    monkeypatch.setattr("services.orders.imports.LINES_MAX", 20)
    with unit_of_work(ADMIN) as session:
        for n in range(21):
            values = {"unit": "件", "box_units": 1, "minimum_quantity": 1, "tax_rate_ppm": 0, "status": "active"}
            product = Product(sku=f"P{n}", name="p", **values)
            session.add(product)
            session.flush()
            price = Price(product_id=product.id, tier="master_agent", unit_price=10_000, valid_from=date(2026, 1, 1))
            session.add(price)

    saved = take(WEI, *(line(f"P{n}", 1, number="A-1") for n in range(21)), line("MILK", 1, number="A-2"))

    assert counts(saved) == (1, 0, 0)
    assert (len(saved.problems), saved.problems[0].problem.code) == (21, "orders.too_many_lines")


def test_a_worksheet_goes_the_whole_way(shop, tmp_path):
    source = worksheet(
        tmp_path,
        {"订单号": "A-1", "订货方": "HD", "商品编码": "MILK", "数量": 2, "单位": "件", "状态": "已通过"},
        {"订单号": "A-1", "订货方": "HD", "商品编码": "TEA", "数量": 3, "单位": "箱"},
        {"订单号": "A-2", "订货方": "HD", "商品编码": "NOPE", "数量": 3, "单位": "箱"},
    )

    preview = preview_import(ORDER_LINES, source, WEI)
    before = orders()
    report = import_file(ORDER_LINES, source, WEI, sha256="0", mode="good-rows")

    for one in (preview, report):
        assert (one.rows, one.created, one.refused, one.ignored) == (3, 2, 1, ["状态"])
        assert problems(one) == [(4, "sku", "products.not_found")]
    assert (before, preview.applied, report.applied) == ([], False, True)
    assert orders() == [("A-1", "draft", 527_00, ["MILK 2", "TEA 36"])]


def test_all_or_nothing_imports_nothing_if_one_row_is_bad(shop, tmp_path):
    source = worksheet(tmp_path, line("MILK", 1, number="A-1"), line("NOPE", 1, number="A-2"))

    report = import_file(ORDER_LINES, source, WEI, sha256="0", mode=ALL_OR_NOTHING)

    assert (report.applied, report.created, orders()) == (False, 0, [])


def test_what_is_exported_imports_without_a_change(shop, tmp_path):
    place(SUZHOU_CLERK, ("MILK", 10), ("TEA", 3, "box"), note="急", **GOES_TO)
    place(HUADONG_CLERK, ("TEA", 24))
    before = everything()
    path = tmp_path / "orders.xlsx"
    with reading(WEI) as session, path.open("wb") as target:
        rows = (
            row
            for part in stream_rows(session, GridQuery(resource=ORDER_LINES, fields=ORDER_LINES.names))
            for row in part
        )
        count = write_rows(target, "xlsx", ORDER_LINES, ORDER_LINES.fields, rows)

    source = Source(path=path, name="orders.xlsx", kind="xlsx")
    report = import_file(ORDER_LINES, source, WEI, sha256="0", mode="good-rows")

    assert (count, problems(report)) == (3, [])
    assert (report.rows, report.created, report.updated, report.unchanged) == (3, 0, 0, 3)
    assert everything()[:3] == before[:3]


def test_products_and_prices_come_from_a_foreign_list_by_mapping_its_headings(database, tmp_path):
    foreign = [
        {"product_id": 1, "product_name": "Chai", "supplier_id": 8, "unit_price": 18.0},
        {"product_id": 4, "product_name": "Chef Anton's Cajun Seasoning", "supplier_id": 2, "unit_price": 21.35},
    ]
    plain = worksheet(tmp_path, *foreign)
    as_products = Source(path=plain.path, name="p", kind="xlsx", mapping={"product_id": "sku", "product_name": "name"})
    as_prices = Source(
        path=plain.path,
        name="p",
        kind="xlsx",
        mapping={"product_id": "sku", "unit_price": "unit_price"},
        constants={"tier": "dealer", "valid_from": "2026-01-01"},
    )

    products = import_file(PRODUCTS, as_products, ADMIN, sha256="0", mode="good-rows")
    prices = import_file(PRICES, as_prices, ADMIN, sha256="0", mode="good-rows")

    with reading(ADMIN) as session:
        query = select(Product.sku, Product.name, Product.box_units, Price.tier, Price.unit_price, Price.valid_from)
        rows = session.execute(query.join(Price, Price.product_id == Product.id).order_by(Product.sku)).all()
    assert (products.created, problems(products), prices.created, problems(prices)) == (2, [], 2, [])
    assert [tuple(row) for row in rows] == [
        ("1", "Chai", 1, "dealer", 18_0000, date(2026, 1, 1)),
        ("4", "Chef Anton's Cajun Seasoning", 1, "dealer", 21_3500, date(2026, 1, 1)),
    ]
