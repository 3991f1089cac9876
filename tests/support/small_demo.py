"""A small demo brand with several rows of every resource, in the database that the tests have opened."""

from functools import partial

import pytest
from argon2 import PasswordHasher
from sqlalchemy import delete

from core.database.sessions import transact, unit_of_work
from models.accounts.users import User
from models.imports import ImportBatch
from models.partners.partners import Affiliation, Partner
from services.accounts.tokens import create_token
from services.demo.loading import DemoSize, load_demo
from tests.conftest import ADMIN


def load_small_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load it in place of the partners of the cast and their people."""
    monkeypatch.setattr("services.accounts.passwords.HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    with unit_of_work(ADMIN) as session:
        session.execute(delete(User).where(User.partner_id.is_not(None)))
        session.execute(delete(Affiliation))
        session.execute(delete(Partner).where(Partner.upstream_id.is_not(None)))
        session.execute(delete(Partner))
    load_demo(ADMIN, DemoSize(partners=12, stores=16, orders=30))
    with unit_of_work(ADMIN) as session:
        session.add_all(
            ImportBatch(resource="customers", person=ADMIN.owner, file_name=f"{number}.xlsx", sha256="0")
            for number in range(5)
        )
    for name in ("a", "b", "c"):
        transact(ADMIN, partial(create_token, name=name, role="sales"))
