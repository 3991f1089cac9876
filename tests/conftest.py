"""The cast and the databases every test plays on.

The brand: Ling (operations), Wei (sales), Mei (finance), an administrator. Huadong is a master agent, Suzhou an agent
under it; Beifang is a rival branch that must never see any of it.
"""

import gc
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine

import models  # noqa: F401  (maps every table)
from core import settings as core_settings
from core.access import Actor
from core.database.paths import segment
from core.database.sessions import SQLITE_PRAGMAS, Base, connect, unit_of_work
from core.i18n import DEFAULT_LANGUAGE, set_language
from core.permissions import Role
from core.schema import versions
from models.accounts.users import User
from models.partners.partners import Affiliation, Partner
from tests.support.postgres import postgres_url
from tests.support.statements import share_statements

os.environ["QUDAO_SECRET"] = "test-secret-test-secret-test-secret-test"
os.environ["QUDAO_TOTP_ROLES"] = ""
os.environ.pop("QUDAO_DATABASE_URL", None)  # the tests open databases of their own, never somebody's
share_statements()
SQLITE_SYNCHRONOUS = SQLITE_PRAGMAS["synchronous"]
SQLITE_PRAGMAS["synchronous"] = 0  # no test pulls the plug of the machine; as ``fsync = off`` of PostgreSQL

HUADONG, SUZHOU, BEIFANG = 1, 2, 3
HUADONG_PATH, BEIFANG_PATH = segment(HUADONG), segment(BEIFANG)
SUZHOU_PATH = HUADONG_PATH + segment(SUZHOU)

ADMIN = Actor("admin@example.com", Role.ADMINISTRATOR, "admin@example.com", 1, language="en")
LING = Actor("ling@example.com", Role.OPERATIONS, "ling@example.com", 2, language="en")
WEI = Actor("wei@example.com", Role.SALES, "wei@example.com", 3, language="en")
MEI = Actor("mei@example.com", Role.FINANCE, "mei@example.com", 4, language="en")
HUADONG_OWNER = Actor(
    "owner@huadong.example.com",
    Role.PARTNER_OWNER,
    "owner@huadong.example.com",
    5,
    HUADONG,
    HUADONG_PATH,
    language="en",
)
HUADONG_CLERK = Actor(
    "clerk@huadong.example.com",
    Role.PARTNER_CLERK,
    "clerk@huadong.example.com",
    6,
    HUADONG,
    HUADONG_PATH,
    language="en",
)
SUZHOU_CLERK = Actor(
    "clerk@suzhou.example.com", Role.PARTNER_CLERK, "clerk@suzhou.example.com", 7, SUZHOU, SUZHOU_PATH, language="en"
)
BEIFANG_CLERK = Actor(
    "clerk@beifang.example.com",
    Role.PARTNER_CLERK,
    "clerk@beifang.example.com",
    8,
    BEIFANG,
    BEIFANG_PATH,
    language="en",
)
CAST = (ADMIN, LING, WEI, MEI, HUADONG_OWNER, HUADONG_CLERK, SUZHOU_CLERK, BEIFANG_CLERK)


LONG_FIRST = ("browser/", "test_odd_addresses.py", "test_permission_matrix.py", "test_routes.py", "test_terminal.py",
              "test_flood.py")  # fmt: skip
"""Below this folder, what takes longest and comes in few pieces."""


def pytest_xdist_auto_num_workers() -> int:
    """Return one worker more than there are processors: tests wait for browsers, servers and PostgreSQL."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no process is left alone with it at the end."""
    here = Path(__file__).parent

    def rank(item: pytest.Item) -> int:
        path = item.path.relative_to(here).as_posix() if item.path.is_relative_to(here) else ""
        return next((rank for rank, start in enumerate(LONG_FIRST) if path.startswith(start)), len(LONG_FIRST))

    items.sort(key=rank)


def pytest_collection_finish() -> None:
    """Keep what was imported out of the garbage collector's sight, and let it run more seldom.

    Measured on ``tests/services/stores``: 18 % of the time of a test. The page tests collect twice per test.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


OWNER = "tests: owner"
"""Name of the connection that brings the database of a worker back to the cast."""


@pytest.fixture(autouse=True)
def default_language() -> None:
    """Begin each test in the default language, whatever the one before has set."""
    set_language(DEFAULT_LANGUAGE)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a SQLite file with every table and the cast; each test plays on a copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    prepare_database(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(worker_id: str) -> str:
    """Return the URL of this worker's PostgreSQL database, made from a template with every table."""
    return postgres_url(worker_id, prepare_empty_database)


@pytest.fixture(scope="session")
def postgres_reset(postgres_template: str) -> Iterator[Callable[[], None]]:
    """Give the function that leaves nothing but the cast in this worker's PostgreSQL database."""
    engine = connect(driver_url(postgres_template))
    add_cast()
    engine.dispose()
    with closing(psycopg.connect(plain_url(postgres_template), autocommit=True, application_name=OWNER)) as connection:
        statements = reset_statements(connection)

        def reset() -> None:
            connection.execute(statements)

        yield reset


@pytest.fixture
def postgres_database(data_dir: Path, postgres_template: str, postgres_reset: Callable[[], None]) -> Iterator[Engine]:
    """Give a PostgreSQL database with the cast, for what SQLite with its one writer cannot show."""
    postgres_reset()
    engine = connect(driver_url(postgres_template))
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_database(tmp_path: Path, data_dir: Path, sqlite_template: Path) -> Iterator[Engine]:
    """Give a SQLite database with the cast, for what does not depend on the database (pages)."""
    path = tmp_path / "qudao.db"
    shutil.copy(sqlite_template, path)
    engine = connect(f"sqlite:///{path}")
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Engine:
    """Give a database with the cast in it; every test that takes it runs on SQLite and on PostgreSQL."""
    name = "sqlite_database" if request.param == "sqlite" else "postgres_database"
    engine: Engine = request.getfixturevalue(name)
    return engine


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a folder for stored files, and settings that name it."""
    monkeypatch.setenv("QUDAO_DATA_DIR", str(tmp_path / "data"))
    core_settings.settings.cache_clear()
    core_settings.signing_secret.cache_clear()
    yield tmp_path / "data"
    core_settings.settings.cache_clear()
    core_settings.signing_secret.cache_clear()


def driver_url(url: str) -> str:
    """Return a PostgreSQL URL with the driver we use."""
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def plain_url(url: str) -> str:
    """Return a PostgreSQL URL as psycopg itself reads it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def prepare_empty_database(url: str) -> None:
    """Make every table in an empty database."""
    engine = connect(driver_url(url))
    versions.migrate(engine)
    engine.dispose()


def prepare_database(url: str) -> None:
    """Make every table in an empty database and add the cast."""
    prepare_empty_database(url)
    engine = connect(url)
    add_cast()
    engine.dispose()


def reset_statements(connection: psycopg.Connection[Any]) -> bytes:
    """Return the statements that bring a database back to the rows and numbers it has now.

    Triggers and foreign keys look away meanwhile.
    """
    tables = [table.name for table in Base.metadata.sorted_tables]
    statements = [
        sql.SQL("SET session_replication_role = replica"),
        *(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)) for table in tables),
        sql.SQL(
            "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false)"
            " FROM pg_sequences WHERE last_value IS NOT NULL"
        ),
    ]
    for table in tables:
        name = sql.Identifier(table)
        (rows,) = connection.execute(sql.SQL("SELECT json_agg(t) FROM {} t").format(name)).fetchone() or (None,)
        if rows:
            insert = sql.SQL("INSERT INTO {0} SELECT * FROM json_populate_recordset(NULL::{0}, {1})")
            statements.append(insert.format(name, sql.Literal(json.dumps(rows))))
    numbers = connection.execute("SELECT sequencename, last_value FROM pg_sequences WHERE last_value IS NOT NULL")
    for name, last in numbers.fetchall():
        statements.append(sql.SQL("SELECT setval({}, {})").format(sql.Literal(f'"{name}"'), sql.Literal(last)))
    return sql.SQL("; ").join(statements).as_bytes(connection)


def add_cast() -> None:
    """Add the partners and users of the cast."""
    since = date(2026, 1, 1)
    partners = [
        Partner(
            code="HD",
            name="华东总代",
            tier="master_agent",
            path=HUADONG_PATH,
            valid_from=since,
            credit_limit_cents=1_000_000_00,
        ),
        Partner(
            code="SZ",
            name="苏州代理",
            tier="agent_1",
            upstream_id=HUADONG,
            path=SUZHOU_PATH,
            valid_from=since,
            credit_limit_cents=50_000_00,
        ),
        Partner(
            code="BF",
            name="北方总代",
            tier="master_agent",
            path=BEIFANG_PATH,
            valid_from=since,
            credit_limit_cents=50_000_00,
        ),
    ]
    with unit_of_work(ADMIN) as session:
        for partner in partners:
            session.add(partner)
            session.flush()
            session.add(
                Affiliation(partner_id=partner.id, upstream_id=partner.upstream_id, path=partner.path, valid_from=since)
            )
        for actor in CAST:
            session.add(
                User(
                    email=actor.name,
                    name=actor.name.split("@")[0],
                    role=actor.role.value,
                    partner_id=actor.partner_id,
                    path=actor.partner_path,
                    status="active",
                    language="en",
                )
            )
            session.flush()
