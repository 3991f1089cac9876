from dataclasses import dataclass
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, delete

from core.database.sessions import unit_of_work
from models.accounts.users import User
from models.partners.partners import Affiliation, Partner
from services.demo.loading import load_demo
from tests.conftest import ADMIN
from tests.services.demo.support import SIZE, table_counts
from tests.support.snapshots import from_snapshot


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.accounts.passwords.HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def empty(database: Engine) -> Engine:
    """Give a database where brand staff have accounts, and nothing else is."""
    with unit_of_work(ADMIN) as session:
        session.execute(delete(User).where(User.partner_id.is_not(None)))
        session.execute(delete(Affiliation))
        session.execute(delete(Partner).where(Partner.upstream_id.is_not(None)))
        session.execute(delete(Partner))
    return database


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load of ``SIZE`` says of itself, and how many rows of each table there were before it."""

    facts: dict[str, Any]
    counts_before: dict[str, int]


@pytest.fixture
def loaded(request: pytest.FixtureRequest, empty: Engine) -> Loaded:
    """Load demo data of ``SIZE`` into an empty database."""

    def load() -> Loaded:
        before = table_counts()
        return Loaded(load_demo(ADMIN, SIZE), before)

    return from_snapshot(request, empty, "demo", load)
