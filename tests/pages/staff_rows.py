"""Rows for the tests of staff pages, stated as a person would state them."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from core import settings as core_settings
from core.access import Actor
from core.database.sessions import reading, unit_of_work
from core.drafts import draft_rows
from core.queries.finding import find_row
from resources import BY_NAME
from services.saving.plans import SaveOptions
from tests.conftest import ADMIN


def state_rows(resource: str, columns: dict[str, Sequence[str | None]], actor: Actor = ADMIN) -> None:
    """Save rows of a resource, given by field name, all of them or none."""
    known = BY_NAME[resource]
    fields = [known.field(name) for name in columns]
    rows = list(range(1, len(next(iter(columns.values()))) + 1))
    drafts, problems = draft_rows(fields, rows, columns)
    assert problems == []
    with unit_of_work(actor) as session:
        known.save(session, drafts, SaveOptions()).or_refuse()


def row_of(resource: str, key: str, actor: Actor = ADMIN) -> dict:
    """Return a row as lists and records show it to ``actor``; {} if there is none."""
    with reading(actor) as session:
        return find_row(session, BY_NAME[resource], key) or {}


def facts_of(resource: str, key: str, *names: str) -> tuple:
    """Return some values of a row; None for each if there is none."""
    row = row_of(resource, key)
    return tuple(row.get(name) for name in names)


async def become(look: Callable[[], object], wanted: object) -> None:
    """Wait until ``look`` returns ``wanted``: a click is done in the background.

    Raises:
        AssertionError: It never does.
    """
    for _ in range(100):
        if look() == wanted:
            return
        await asyncio.sleep(0.05)
    assert look() == wanted


def customers(count: int, stage: str = "lead") -> None:
    """Save ``count`` customers, C001 and so on."""
    numbers = range(1, count + 1)
    state_rows(
        "customers",
        {
            "code": [f"C{number:03}" for number in numbers],
            "name": [f"上海静安{number}号店" for number in numbers],
            "stage": [stage] * count,
            "phone": [f"1380013{number:04}" for number in numbers],
        },
    )


def answer_to_test_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the door answer to the host that a ``User`` asks."""
    monkeypatch.setenv("QUDAO_PUBLIC_URL", "http://test")
    core_settings.settings.cache_clear()
