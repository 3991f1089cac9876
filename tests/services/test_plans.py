"""Plans of saving: events name fields of the resource, never columns."""

import importlib
import pkgutil
from datetime import date

import pytest

import services
from models.prices import Price
from resources import BY_NAME
from services.products.prices import PLAN as PRICE_PLAN
from services.saving.plans import Plan

PLANS = {
    plan.subject: plan
    for module in pkgutil.walk_packages(services.__path__, "services.")
    for plan in vars(importlib.import_module(module.name)).values()
    if isinstance(plan, Plan)
}


def test_every_plan_of_a_service_is_seen():
    assert {"customers", "departments", "partners", "prices", "stores", "users"} <= PLANS.keys()


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_a_column_of_a_stated_field_is_recorded_under_the_name_of_the_field(plan: Plan):
    stated = {field.column.key: field.name for field in BY_NAME[plan.subject].stated_fields}

    assert {column: plan.field_name(column) for column in stated} == stated
    assert plan.field_names.keys() <= stated.keys()


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_a_default_is_recorded_as_a_field_or_not_at_all(plan: Plan):
    fields = set(BY_NAME[plan.subject].names)

    assert {plan.field_name(name) for name in plan.defaults if name not in plan.derived_columns} <= fields


def test_values_of_a_row_are_json_by_field():
    days = {"valid_from": date(2026, 1, 1), "valid_to": date(2026, 7, 1)}
    price = Price(product_id=7, tier="dealer", unit_price=12_3456, **days)

    assert PRICE_PLAN.values_of(price, ("unit_price", "valid_to")) == {"unit_price": 12_3456, "valid_to": "2026-07-01"}
