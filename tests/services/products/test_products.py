"""Products: saved from drafts, with what most products have as default."""

import pytest
from sqlalchemy import select

from core.database.sessions import reading
from core.errors import NotPermitted
from models.products import Product
from resources.products import PRODUCTS
from tests.conftest import ADMIN, HUADONG_CLERK, WEI
from tests.services.orders.support import save


def stored_product(sku: str) -> Product | None:
    with reading(ADMIN) as session:
        return session.scalar(select(Product).where(Product.sku == sku))


def test_a_product_of_which_only_the_name_is_known_gets_the_usual_values(database):
    saved = save(PRODUCTS, ADMIN, {"sku": "QH-1", "name": "燕麦奶"})

    product = stored_product("QH-1")
    assert (saved.created, saved.problems) == (1, [])
    assert (product.unit, product.box_units, product.minimum_quantity) == ("件", 1, 1)
    assert (product.tax_rate_ppm, product.status) == (130_000, "active")


def test_a_product_says_what_it_is_stated_to_be(database):
    row = {
        "sku": "QH-1",
        "name": "燕麦奶",
        "category": "饮料",
        "unit": "瓶",
        "box_units": "12",
        "minimum_quantity": "24",
    }
    save(PRODUCTS, ADMIN, row | {"barcode": "6901234567892", "tax_rate": "9%", "status": "停用"})

    product = stored_product("QH-1")
    assert (product.category, product.unit, product.box_units, product.minimum_quantity) == ("饮料", "瓶", 12, 24)
    assert (product.barcode, product.tax_rate_ppm, product.status) == ("6901234567892", 90_000, "inactive")


def test_a_wrong_cell_refuses_its_row_and_no_other(database):
    rows = [{"sku": "A", "name": "a", "box_units": 0}, {"sku": "B", "name": "b", "box_units": 1}]

    saved = save(PRODUCTS, ADMIN, *rows)

    assert saved.created == 1
    assert [(p.row, p.field, p.problem.code) for p in saved.problems] == [(2, "box_units", "number.out_of_range")]
    assert stored_product("A") is None


def test_the_same_rows_again_change_nothing_and_blank_leaves_a_default_as_it_is(database):
    save(PRODUCTS, ADMIN, {"sku": "A", "name": "a", "box_units": 6})

    saved = save(PRODUCTS, ADMIN, {"sku": "A", "name": "a", "box_units": "", "tax_rate": ""})

    assert (saved.created, saved.updated, saved.unchanged) == (0, 0, 1)
    assert (stored_product("A").box_units, stored_product("A").version) == (6, 1)


@pytest.mark.parametrize("actor", [WEI, HUADONG_CLERK])
def test_who_may_not_edit_products_changes_nothing(database, actor):
    with pytest.raises(NotPermitted):
        save(PRODUCTS, actor, {"sku": "A", "name": "a"})

    assert stored_product("A") is None


def test_partners_see_the_range(database):
    save(PRODUCTS, ADMIN, {"sku": "A", "name": "a"})

    with reading(HUADONG_CLERK) as session:
        assert session.scalars(select(Product.sku)).all() == ["A"]
