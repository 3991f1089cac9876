"""Saving without a service: only rows that need no rule of their own; the permission is the resource's."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from core.database.sessions import reading, unit_of_work
from core.drafts import Drafts
from core.errors import NotPermitted
from core.permissions import Permission
from models.products import Product
from resources.customers import CUSTOMERS
from resources.departments import DEPARTMENTS
from resources.prices import PRICES
from resources.products import PRODUCTS
from services.saving.plain import with_plain_save
from services.saving.plans import SaveOptions
from tests.conftest import ADMIN, HUADONG_CLERK, WEI
from tests.services.orders.support import save


@pytest.mark.parametrize(
    "resource",
    [CUSTOMERS, DEPARTMENTS, PRICES, replace(PRODUCTS, edit=None)],
    ids=["rows of partners", "references", "a key of three", "nobody edits"],
)
def test_what_needs_a_rule_of_its_own_is_refused_where_it_is_declared(resource):
    with pytest.raises(ValueError, match="service of its own"):
        with_plain_save(resource)


def test_a_field_that_is_confidential_needs_a_rule_of_its_own():
    fields = tuple(
        replace(field, confidential_to=Permission.PARTNER_CREDIT_VIEW) if field.name == "barcode" else field
        for field in PRODUCTS.fields
    )

    with pytest.raises(ValueError, match="service of its own"):
        with_plain_save(replace(PRODUCTS, fields=fields))


@pytest.mark.parametrize("actor", [WEI, HUADONG_CLERK], ids=lambda actor: actor.name)
def test_who_may_not_edit_saves_nothing(database, actor):
    with pytest.raises(NotPermitted):
        save(PRODUCTS, actor, {"sku": "A", "name": "a"})

    with reading(ADMIN) as session:
        assert session.scalar(select(func.count()).select_from(Product)) == 0


def test_a_row_is_found_by_what_the_resource_says(database):
    save(PRODUCTS, ADMIN, {"sku": "A", "name": "a", "barcode": "6901234567892"})
    drafts = Drafts([2], {"barcode": ["6901234567892"], "name": ["b"]})

    with unit_of_work(ADMIN) as session:
        saved = PRODUCTS.save(session, drafts, SaveOptions(match="barcode"))

    assert (saved.created, saved.updated, saved.problems) == (0, 1, [])
