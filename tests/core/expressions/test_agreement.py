"""A condition means the same for one row in Python and for a table in SQL, on both databases."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import freeze
from core.database.sessions import unit_of_work
from core.expressions.compiling import compiled_condition, named_references
from core.expressions.evaluating import evaluate
from core.expressions.nodes import Condition, Not
from core.expressions.scope import Scope
from models.accounts.users import User
from models.customers import Customer
from models.orders import Order
from models.partners.partners import Partner
from resources import BY_NAME
from tests.conftest import ADMIN, BEIFANG_PATH, HUADONG_PATH, SUZHOU_PATH
from tests.core.expressions.generated import NOW, PATHS, conditions, customer_rows, order_rows

WHOSE = {1: HUADONG_PATH, 2: SUZHOU_PATH, 3: BEIFANG_PATH, None: ""}


class Undo(Exception):
    """Ends a unit of work without storing anything."""


def order(number: int, row: dict[str, Any]) -> Order:
    facts = {**row}
    tax, total = facts.pop("amounts")
    return Order(
        number=f"SO-{number}",
        path=WHOSE[facts["buyer_id"]],
        total_cents=total,
        tax_cents=tax,
        content_sha256="",
        placed_by="wei@example.com",
        **facts,
    )


def customer(number: int, row: dict[str, Any]) -> Customer:
    return Customer(code=f"C{number}", path=WHOSE[row["partner_id"]], **row)


MADE: dict[str, Callable[[int, dict[str, Any]], Any]] = {"orders": order, "customers": customer}
ROWS = {"orders": order_rows(), "customers": customer_rows()}


def value_of(session: Session, row: Any, scope: Scope, path: str) -> tuple[Any, Any]:
    """The stored value at the end of a path, of a reference the key and the title."""
    for name in path.split("."):
        if row is None:
            return None, None
        field = scope.fields[name]
        value = getattr(row, field.column.key)
        reference = field.kind.reference
        if reference is None:
            return value, None
        model: Any = {"partners": Partner, "users": User}[reference.resource]
        row = None if value is None else session.get(model, value)
        above = scope.of_reference(name)
        assert above is not None
        scope = above
    if row is None:
        return None, None
    return getattr(row, reference.key.key), getattr(row, reference.title.key)


def values_of(session: Session, row: Any, scope: Scope) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for path in PATHS[scope.resource.name]:
        values[path], values[f"{path}__title"] = value_of(session, row, scope, path)
    return values


def found_in_sql(session: Session, condition: Condition, scope: Scope) -> set[int]:
    resolved = {
        part: tuple(sorted(session.scalars(select(reference.key.class_.id).where(reference.key.in_(keys)))))
        for part, reference, keys in named_references(condition, scope)
    }
    where = compiled_condition(session, condition, scope, resolved)
    return set(session.scalars(select(scope.resource.model.id).where(where)))


@pytest.mark.parametrize("name", ["orders", "customers"])
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_condition_holds_for_the_rows_that_the_database_finds(database, name: str, data):
    scope = Scope.of(BY_NAME[name], ADMIN)
    stated = data.draw(ROWS[name])
    asked = data.draw(st.lists(conditions(name), min_size=1, max_size=4))

    with pytest.raises(Undo), freeze(NOW), unit_of_work(ADMIN) as session:
        made = [MADE[name](number, row) for number, row in enumerate(stated)]
        session.add_all(made)
        session.flush()
        for condition in asked:
            here = {row.id: evaluate(condition, scope, values_of(session, row, scope)) for row in made}
            assert found_in_sql(session, condition, scope) == {one for one, holds in here.items() if holds is True}
            assert found_in_sql(session, Not(condition), scope) == {one for one in here if here[one] is False}
        raise Undo
