"""The row filter guards every table: with any rule replaced by "everyone" somebody sees more, and a test is red."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import JSON, Date, DateTime, LargeBinary, Table, func, insert, select

from core.access import Actor
from core.database.columns import Instant
from core.database.sessions import EVERYONE, Base, reading, row_filter, unit_of_work
from core.permissions import Role
from models.accounts.users import User
from tests.conftest import ADMIN, CAST
from tests.support.small_demo import load_small_demo

OPEN = {
    "clock_marks": "it says nothing but the time",
    "number_series": "numbers are counted up by services alone, and say how many there were",
    "products": "what the brand sells, everybody may know",
}
"""Tables of which everybody sees every row, and why."""
MODELS = sorted({mapper.class_ for mapper in Base.registry.mappers}, key=lambda model: model.__name__)
"""Mapped classes; one of them is mapped to a join."""


def name_of(model: Any) -> str:
    return getattr(model.__table__, "name", model.__name__)


def unguarded() -> list[str]:
    """Return the tables of which every actor of the cast sees every row."""
    return sorted({name_of(model) for model in MODELS if all(model.visible_to(actor) is EVERYONE for actor in CAST)})


GUARDED = [model for model in MODELS if name_of(model) not in OPEN]


def test_every_table_is_guarded_or_says_why_not():
    assert len(MODELS) >= 35
    assert unguarded() == sorted(OPEN)


@pytest.mark.parametrize("model", GUARDED, ids=lambda model: model.__name__)
def test_a_table_without_its_rule_is_noticed(model, monkeypatch):
    monkeypatch.setattr(model, "visible_to", lambda actor: EVERYONE)

    assert name_of(model) in unguarded()


def test_a_rule_keeps_rows_from_a_partner_that_it_would_see_without(sqlite_database, monkeypatch):
    load_small_demo(monkeypatch)
    fill_empty_tables()
    clerk = clerk_of_a_branch()
    kept = {model: seen(clerk, model) for model in GUARDED}

    leaks = []
    for model in GUARDED:
        with monkeypatch.context() as patch:
            patch.setattr(model, "visible_to", lambda actor: EVERYONE)
            row_filter.cache_clear()
            if seen(clerk, model) <= kept[model]:
                leaks.append(model.__name__)
    row_filter.cache_clear()

    assert leaks == []


def seen(actor: Actor, model: Any) -> int:
    with reading(actor) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def clerk_of_a_branch() -> Actor:
    with reading(ADMIN) as session:
        user = session.scalars(select(User).where(User.email == "su@demo.example")).one()
        return Actor(user.name, Role(user.role), user.email, user.id, user.partner_id, user.path)


def fill_empty_tables() -> None:
    """Put a row of nobody in particular into every table that a demo leaves empty."""
    with unit_of_work(ADMIN) as session:
        for table in Base.metadata.sorted_tables:
            if session.scalar(select(func.count()).select_from(table)) == 0:
                session.execute(insert(table).values(row_of_nobody(session, table)))


def row_of_nobody(session: Any, table: Table) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for column in table.columns:
        if column.foreign_keys:
            (key,) = column.foreign_keys
            row[column.name] = session.scalar(select(func.min(key.column)))
        elif not column.nullable:
            row[column.name] = value_of(column.type)
    return row


def value_of(kind: Any) -> Any:
    if isinstance(kind, Instant | DateTime):
        return datetime(2026, 12, 1, tzinfo=UTC)
    if isinstance(kind, Date):
        return date(2026, 12, 1)
    if isinstance(kind, JSON):
        return {}
    if isinstance(kind, LargeBinary):
        return b"x"
    return 1 if kind.python_type in (int, bool) else "x"
