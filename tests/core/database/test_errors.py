"""What the driver and the disk report as expected errors: a sentence, a status and one line of log; never a trace."""

import logging
import os
import subprocess
import sys

import pytest
from sqlalchemy import Engine, event, func, select, text, update

from core.database import errors
from core.database.sessions import connect, reading, transact, unit_of_work
from core.errors import InvalidInput, Unavailable
from core.events.log import Event, EventDraft, record
from core.i18n import use_language
from models.accounts.users import User
from tests.conftest import ADMIN, WEI
from tests.support.source import ROOT


@pytest.fixture(autouse=True)
def nothing_logged_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "_logged_at", {})


def note(session, size: int = 1) -> None:
    record(session, "t.happened", "t", [EventDraft("1", data={"text": "x" * size})])


def events() -> int:
    with reading(ADMIN) as session:
        return len(session.scalars(select(Event.id)).all())


def leave_no_page_free(engine: Engine) -> None:
    """Let the file grow no more, as on a full disk."""
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    engine.dispose()
    event.listen(engine, "connect", lambda one, _record: one.execute(f"PRAGMA max_page_count = {pages}"))


def stop_writing(engine: Engine) -> None:
    """Let every session only read, as a file system that became read-only or a standby server does."""
    words = "PRAGMA query_only = 1" if engine.dialect.name == "sqlite" else "SET default_transaction_read_only = on"
    engine.dispose()

    def set_read_only(driver, _record) -> None:
        cursor = driver.cursor()
        cursor.execute(words)
        cursor.close()
        driver.commit()

    event.listen(engine, "connect", set_read_only)


def test_a_full_disk_is_said_and_nothing_is_stored(sqlite_database, caplog):
    leave_no_page_free(sqlite_database)

    for _ in range(3):
        with pytest.raises(Unavailable) as refused:
            transact(WEI, lambda session: note(session, 100_000))

    assert (refused.value.code, refused.value.status, refused.value.retry_after_s) == ("database.full", 503, 60)
    assert events() == 0
    assert [line.split(":")[0] for line in caplog.messages] == ["database.full"]
    with use_language("zh_CN"):
        assert refused.value.text == "服务器磁盘已满，没有写入任何数据；请联系管理员清理空间。"


def test_a_database_that_only_reads_is_said(database):
    stop_writing(database)

    with pytest.raises(Unavailable) as refused:
        transact(WEI, note)

    assert refused.value.code == "database.unreachable"
    assert events() == 0


@pytest.mark.parametrize("url", ["postgresql+psycopg://nobody@127.0.0.1:1/nothing", "sqlite:////nowhere/qudao.db"])
def test_a_database_that_is_not_there_is_said(url, data_dir):
    engine = connect(url)

    for opened in (unit_of_work, reading):
        with pytest.raises(Unavailable, match="unreachable"), opened(WEI) as session:
            session.execute(text("SELECT 1"))

    engine.dispose()


def test_a_pool_without_a_free_connection_is_said(database):
    url = database.url.render_as_string(hide_password=False)
    engine = connect(url, pool_size=1, max_overflow=0, pool_timeout=0.05)

    with engine.connect(), pytest.raises(Unavailable) as refused, reading(WEI):
        pass

    assert (refused.value.code, refused.value.retry_after_s) == ("database.overloaded", 2)
    engine.dispose()


@pytest.mark.parametrize("value", ["lone \ud800 surrogate", 10**30], ids=["surrogate", "overflow"])
def test_a_value_that_no_column_holds_is_bad_input_and_no_bug(database, value):
    column = Event.id if isinstance(value, int) else Event.subject_key

    with pytest.raises(InvalidInput) as refused, reading(ADMIN) as session:
        session.scalars(select(Event).where(column == value)).all()

    assert refused.value.code == "values.unstorable"


def test_a_nul_is_bad_input_or_found_nowhere(database):
    def look() -> list[User]:
        with reading(ADMIN) as session:
            return list(session.scalars(select(User).where(User.email == "a\0b")))

    if database.dialect.name == "sqlite":
        assert look() == []
    else:
        with pytest.raises(InvalidInput, match="unstorable"):
            look()


def test_a_text_longer_than_its_column_is_bad_input_or_stored_whole(database):
    def rename() -> None:
        with unit_of_work(ADMIN) as session:
            session.execute(update(User).where(User.email == WEI.person).values(name="长" * 201))

    if database.dialect.name == "sqlite":
        rename()
        with reading(ADMIN) as session:
            assert session.scalar(select(func.length(User.name)).where(User.email == WEI.person)) == 201
        return
    with use_language("en"), pytest.raises(InvalidInput, match="a text is too long") as refused:
        rename()
    assert refused.value.code == "values.unstorable"


def test_a_bug_stays_a_bug(database):
    with pytest.raises(ZeroDivisionError), unit_of_work(WEI):
        raise ZeroDivisionError
    with pytest.raises(FileNotFoundError), unit_of_work(WEI):
        raise FileNotFoundError


FAILING = """
import logging, os
from core.database.sessions import connect
from core.process.logs import set_up_logs
import models
from core.database.sessions import unit_of_work
from models.accounts.users import User
from tests.conftest import ADMIN

set_up_logs()
connect(os.environ["URL"])
try:
    with unit_of_work(ADMIN) as session:
        session.add(User(email="admin@example.com", name="canary-4711", role="sales", status="active"))
except Exception:
    logging.getLogger("t").exception("failed")
"""


def test_a_trace_has_time_level_and_request_but_no_value_that_somebody_typed(database):
    url = database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", FAILING]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"URL": url}, capture_output=True, text=True, check=True)

    lines = done.stderr.splitlines()
    assert lines[0][10] == "T" and lines[0].endswith("ERROR [-] t: failed")
    assert "IntegrityError" in done.stderr
    assert "canary-4711" not in done.stderr and "admin@example.com" not in done.stderr


def test_an_outage_is_one_line_of_log(data_dir, caplog):
    engine = connect("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    caplog.set_level(logging.DEBUG)

    for _ in range(20):
        with pytest.raises(Unavailable), reading(WEI):
            pass

    assert len(caplog.records) == 1
    engine.dispose()
