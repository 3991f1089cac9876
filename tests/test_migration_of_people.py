"""The migration of people, with rows before and after: nobody is lost, and an old second factor still opens."""

from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from sqlalchemy import Engine, select, text

from core.clock import freeze
from core.database.sessions import connect, reading, transact
from core.schema import versions
from models.accounts.users import User
from services.accounts.second_factor import is_accepted
from services.installation.checks import broken_invariants
from tests.conftest import ADMIN, driver_url
from tests.services.accounts.support import NOON
from tests.support.postgres import empty_postgres_url

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
BEFORE = (
    "INSERT INTO users (id, email, name, role, path, status, totp_secret, language, theme, version, created_at,"
    f" updated_at) VALUES (1, 'a@example.com', '李敏', 'sales', '', 'active', '{SECRET}', 'zh_CN', 'auto', 3,"
    " '2026-01-01 00:00:00', '2026-01-02 00:00:00')",
    "INSERT INTO customers (id, code, name, stage, owner_id, path, version, created_at, updated_at)"
    " VALUES (1, 'C1', 'x', 'lead', 1, '', 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00')",
    "INSERT INTO user_sessions (id, token_hash, user_id, role, state, created_at, seen_at, expires_at, stepped_up_at,"
    f" address, user_agent, totp_offered) VALUES (1, 'h', 1, 'sales', 'half_way', '2026-01-01 00:00:00',"
    f" '2026-01-01 00:00:00', '2026-01-01 00:00:00', '2026-01-01 00:00:00', '', '', '{SECRET}')",
    "INSERT INTO one_time_links (id, token_hash, purpose, user_id, made_by, created_at, expires_at)"
    " VALUES (1, 'l', 'reset', 1, 'b@example.com', '2026-01-01 00:00:00', '2026-01-01 00:00:00')",
)


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated(request: pytest.FixtureRequest, tmp_path: Path, worker_id: str, data_dir: Path) -> Iterator[Engine]:
    """Give a database that had rows before departments and managers came."""
    if request.param == "sqlite":
        engine = connect(f"sqlite:///{tmp_path / 'before.db'}")
    else:
        engine = connect(driver_url(empty_postgres_url(f"people_{worker_id}")))
        versions.make_role(engine)
    with versions.alone(engine) as connection:
        versions.upgrade(connection, "0006")
    with engine.begin() as connection:
        for row in BEFORE:
            connection.execute(text(row.replace(":00:00", r"\:00\:00")))
    versions.migrate(engine)
    engine.dispose()
    yield engine
    engine.dispose()


def test_nobody_is_lost_and_every_reference_holds(migrated):
    with reading(ADMIN) as session:
        user = session.scalars(select(User)).one()
        owners = session.execute(text("SELECT owner_id FROM customers")).scalars().all()
        rows = session.execute(text("SELECT user_id, opened_at FROM one_time_links")).all()
        assert broken_invariants(session) == []

    assert (user.email, user.name, user.version) == ("a@example.com", "李敏", 3)
    assert (user.department_id, user.position, user.manager_id, user.left_at) == (None, None, None, None)
    assert (owners, [tuple(row) for row in rows]) == ([1], [(1, None)])


def test_a_second_factor_from_before_still_opens_and_is_sealed_then(migrated):
    with freeze(NOON):
        code = pyotp.TOTP(SECRET).at(NOON)
        accepted = transact(ADMIN, lambda session: is_accepted(session, session.scalars(select(User)).one(), code))

    with reading(ADMIN) as session:
        stored = session.scalars(select(User.totp_secret)).one()
    assert (accepted, stored.startswith("v1:"), SECRET in stored) == (True, True, False)
