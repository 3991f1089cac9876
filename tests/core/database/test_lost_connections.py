"""A server that goes away and comes back: idle connections are replaced, work that was not stored is done again."""

from contextlib import closing

import psycopg
import pytest
from sqlalchemy import Engine, select

from core.database.sessions import reading, transact, unit_of_work
from core.errors import Unavailable
from core.events.log import Event, EventDraft, record
from tests.conftest import ADMIN, OWNER, WEI, plain_url


def drop_all(engine: Engine) -> None:
    """End every connection to the database but this one, as a restart does, except that of the tests."""
    url = plain_url(engine.url.render_as_string(hide_password=False))
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> %s",
            [OWNER],
        )


def told() -> list[str]:
    with reading(ADMIN) as session:
        return list(session.scalars(select(Event.subject_key).order_by(Event.id)))


def test_a_connection_that_died_while_nobody_used_it_is_not_given_out(postgres_database):
    with unit_of_work(WEI) as session:
        record(session, "t.happened", "t", [EventDraft("1")])

    drop_all(postgres_database)

    with unit_of_work(WEI) as session:
        record(session, "t.happened", "t", [EventDraft("2")])
    assert told() == ["1", "2"]


def test_work_whose_connection_dies_on_the_way_is_done_again_and_stored_once(postgres_database):
    tries: list[int] = []

    def work(session):
        tries.append(1)
        record(session, "t.happened", "t", [EventDraft("1")])
        if len(tries) == 1:
            drop_all(postgres_database)
        record(session, "t.happened", "t", [EventDraft("2")])

    transact(WEI, work)

    assert len(tries) == 2
    assert told() == ["1", "2"]


def test_work_whose_connection_dies_at_the_commit_is_not_done_again(postgres_database):
    tries: list[int] = []

    def work(session):
        tries.append(1)
        record(session, "t.happened", "t", [EventDraft("1")])
        drop_all(postgres_database)

    with pytest.raises(Unavailable, match="commit_unknown"):
        transact(WEI, work)

    assert len(tries) == 1
    assert told() == []
