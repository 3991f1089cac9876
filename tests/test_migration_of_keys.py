"""The migration of API keys, with rows before and after: no answer changes hands, and no key gains or loses unseen."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from core.database.sessions import connect
from core.schema import versions
from tests.conftest import driver_url
from tests.support.postgres import empty_postgres_url

USER = (
    "INSERT INTO users (id, email, name, role, path, status, language, theme, version, created_at, updated_at) VALUES"
    " ({0}, '{1}', 'x', '{2}', '', 'active', 'en', 'auto', 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00')"
)
KEY = (
    "INSERT INTO api_tokens (id, name, prefix, token_hash, role, user_id, person, created_at, expires_at, revoked_at)"
    " VALUES ({0}, 'k', 'qd_{0}', 'h{0}', '{1}', {2}, '{3}', '{4} 00:00:00', '2027-01-01 00:00:00', {5})"
)
ANSWER = (
    "INSERT INTO idempotency_keys (scope, key, request_sha256, status, answer, created_at)"
    " VALUES ('{0}', '{1}', 'd', 201, '\"order\"', '2026-06-01 00:00:00')"
)
BEFORE = (
    USER.format(1, "admin@example.com", "administrator"),
    USER.format(2, "it@example.com", "it"),
    KEY.format(1, "operations", 1, "admin@example.com", "2026-01-01", "NULL"),
    KEY.format(2, "partner_clerk", 2, "it@example.com", "2026-01-01", "NULL"),
    KEY.format(3, "it", 2, "it@example.com", "2026-01-01", "NULL"),
    KEY.format(4, "operations", "NULL", "token ERP", "2026-01-01", "'2026-03-01 00:00:00'"),  # revoked in March
    KEY.format(5, "operations", "NULL", "token ERP", "2026-05-01", "NULL"),
    KEY.format(6, "sales", 1, "admin@example.com", "2026-09-01", "NULL"),  # made after the answers
    ANSWER.format("admin@example.com", "one"),
    ANSWER.format("it@example.com", "two"),
    ANSWER.format("token ERP", "three"),
    ANSWER.format("nobody@example.com", "four"),
)


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated(request: pytest.FixtureRequest, tmp_path: Path, worker_id: str, data_dir: Path) -> Iterator[Engine]:
    """Give a database that had keys and stored answers before each key had its own."""
    if request.param == "sqlite":
        engine = connect(f"sqlite:///{tmp_path / 'before.db'}")
    else:
        engine = connect(driver_url(empty_postgres_url(f"keys_{worker_id}")))
        versions.make_role(engine)
    with versions.alone(engine) as connection:
        versions.upgrade(connection, "0010")
    with engine.begin() as connection:
        for row in BEFORE:
            connection.execute(text(row.replace(":00:00", r"\:00\:00")))
    versions.migrate(engine)
    engine.dispose()
    yield engine
    engine.dispose()


def test_each_answer_goes_to_the_one_key_it_can_belong_to_and_else_to_none(migrated):
    with migrated.connect() as connection:
        rows = connection.execute(text("SELECT scope, key, status, answer FROM idempotency_keys ORDER BY scope")).all()

    assert [(scope, key, status) for scope, key, status, _ in rows] == [
        ("key 1", "one", 201),
        ("key 2", "two", 409),
        ("key 3", "two", 409),
        ("key 5", "three", 201),
    ]
    refused = json.loads(rows[1].answer)
    assert (set(refused), refused["code"]) == ({"code", "message", "fields"}, "idempotency.before_upgrade")
    assert "order" not in rows[1].answer
    assert rows[0].answer == '"order"'


def test_a_key_above_its_maker_waits_for_a_second_person_and_others_go_on(migrated):
    with migrated.connect() as connection:
        rows = connection.execute(text("SELECT id, confirmation, confirmed_by FROM api_tokens ORDER BY id")).all()

    assert [tuple(row) for row in rows] == [
        (1, "not_needed", None),
        (2, "needed", None),
        (3, "not_needed", None),
        (4, "not_needed", None),
        (5, "not_needed", None),
        (6, "not_needed", None),
    ]
