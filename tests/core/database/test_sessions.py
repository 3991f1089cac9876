"""Settings, time, languages, files, paths, the trail: what everything else stands on."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from core import clock
from core.access import Actor
from core.clock import day_of, today
from core.database.bulk import insert_rows
from core.database.paths import ancestor_ids, depth, segment
from core.database.sessions import SQLITE_PRAGMAS, actor_of, reading, transact, unit_of_work
from core.errors import InvalidInput, NotFound, NotPermitted, Problem
from core.events.log import Event, EventDraft, record
from core.files.contents import get_file, store_file
from core.i18n import LANGUAGES, both_languages, set_language, translate, use_language
from core.permissions import ROLE_PERMISSIONS, Permission, Role
from core.settings import read_settings, signing_secret
from tests.conftest import ADMIN, BEIFANG_CLERK, HUADONG_PATH, SQLITE_SYNCHRONOUS, SUZHOU_CLERK, SUZHOU_PATH, WEI


def test_settings_come_from_the_environment_over_the_file_over_defaults(tmp_path):
    config = tmp_path / "config.toml"
    config.write_text('port = 9000\nbrand_name = "青禾"\ntotp_roles = []\n', encoding="utf-8")

    found = read_settings({"QUDAO_CONFIG": str(config), "QUDAO_PORT": "9100", "QUDAO_DATABASE_URL": "postgresql://h/d"})

    assert (found.port, found.brand_name, found.totp_roles) == (9100, "青禾", frozenset())
    assert found.url == "postgresql+psycopg://h/d"
    assert found.origins == {"http://localhost:9100", "http://127.0.0.1:9100"}
    assert read_settings({"QUDAO_PUBLIC_URL": "https://q.cn"}).origins == {"https://q.cn"}


@pytest.mark.parametrize(("name", "value"), [("QUDAO_PORT", "eighty"), ("QUDAO_UPLOAD_BYTES_MAX", "x")])
def test_a_wrong_setting_is_named(name, value):
    with pytest.raises(InvalidInput) as refused:
        read_settings({name: value})

    assert refused.value.code == "settings.invalid"


def test_the_secret_is_made_once_and_readable_by_this_account_alone(data_dir: Path, monkeypatch):
    monkeypatch.delenv("QUDAO_SECRET")
    from_file = signing_secret()
    signing_secret.cache_clear()

    assert signing_secret() == from_file
    assert len(from_file) >= 32
    assert (data_dir / "secret").stat().st_mode & 0o777 == 0o600


def test_the_business_day_is_the_brands():
    with clock.freeze(datetime(2026, 11, 21, 16, 30, tzinfo=UTC)):
        assert today().isoformat() == "2026-11-22"
    assert day_of(datetime(2026, 11, 21, 15, 59, tzinfo=UTC)).isoformat() == "2026-11-21"


def test_a_sentence_is_made_in_the_language_of_who_reads_it_and_values_are_never_formats():
    problem = Problem("x.y", "is longer than {length} characters", {"length": "{length.__class__}"})

    with use_language("en"):
        english = problem.text
    with use_language("zh_CN"):
        chinese = problem.text

    assert english == "is longer than {length.__class__} characters"
    assert chinese == "超过 {length.__class__} 个字符"
    assert both_languages("Customers") == ("客户", "Customers")
    set_language("xx")
    assert translate("Customers") == "客户"
    assert LANGUAGES == ("zh_CN", "en")


def test_every_role_has_a_row_in_the_matrix_and_partners_never_more_than_the_brand():
    assert set(ROLE_PERMISSIONS) == set(Role)
    assert ROLE_PERMISSIONS[Role.ADMINISTRATOR] == frozenset(Permission)
    forbidden = {Permission.ORDER_APPROVE, Permission.PARTNER_EDIT, Permission.PRICE_EDIT, Permission.EVENT_VIEW}
    for role in (Role.PARTNER_OWNER, Role.PARTNER_CLERK):
        assert not ROLE_PERMISSIONS[role] & forbidden
    with pytest.raises(NotPermitted):
        SUZHOU_CLERK.require(Permission.ORDER_APPROVE)


def test_paths_sort_like_the_tree():
    assert segment(1) == "000001"
    assert segment(36**6 - 1) == "ZZZZZZ"
    assert ancestor_ids(SUZHOU_PATH) == [1, 2]
    assert depth(SUZHOU_PATH) == 1
    with pytest.raises(ValueError, match="no path segment"):
        segment(36**6)


def test_a_partner_without_a_path_sees_nothing(database):
    lost = Actor("x", Role.PARTNER_CLERK, "x")
    with unit_of_work(WEI) as session:
        record(session, "t.happened", "t", [EventDraft("1", HUADONG_PATH)])

    with reading(lost) as session:
        assert session.scalars(select(Event)).all() == []


def test_the_trail_belongs_to_the_branch_it_tells_of(database):
    with unit_of_work(WEI) as session:
        record(session, "t.happened", "t", [EventDraft("1", SUZHOU_PATH, {"a": [1, 2]}), EventDraft("2")])

    seen = {}
    for actor in (ADMIN, SUZHOU_CLERK, BEIFANG_CLERK):
        with reading(actor) as session:
            seen[actor.name] = [event.subject_key for event in session.scalars(select(Event).order_by(Event.id))]
    assert list(seen.values()) == [["1", "2"], ["1"], []]


def test_what_is_raised_in_a_unit_of_work_undoes_all_of_it(database):
    with pytest.raises(ZeroDivisionError), unit_of_work(WEI) as session:
        record(session, "t.happened", "t", [EventDraft("1")])
        raise ZeroDivisionError

    with reading(ADMIN) as session:
        assert session.scalars(select(Event)).all() == []


def test_work_that_collides_is_done_again(database):
    tries: list[int] = []

    def work(session):
        tries.append(1)
        if len(tries) == 1:
            code = "SELECT 1/0"  # any error first: not a collision, so it is not tried again
            session.connection().exec_driver_sql(code if database.dialect.name == "postgresql" else "SELECT nope")
        return actor_of(session).name

    with pytest.raises(Exception, match=r"division by zero|no such column"):
        transact(WEI, work)

    assert len(tries) == 1
    assert transact(WEI, work) == WEI.name


def test_many_rows_keep_every_character(database):
    texts = ["a\tb", "c\\d", "e\nf", "\\N", "g\r", "中文", "'\"", "\U0001f600"]
    with unit_of_work(WEI) as session:
        record(session, "t.kept", "t", [EventDraft(text, data={"text": text}) for text in texts])

    with reading(ADMIN) as session:
        events = session.scalars(select(Event).order_by(Event.id)).all()
    assert [event.subject_key for event in events] == texts
    assert [event.data["text"] for event in events] == texts


def test_nothing_to_insert_is_no_statement(database):
    with unit_of_work(WEI) as session:
        insert_rows(session, Event, ("actor",), [])


def test_sqlite_is_opened_with_every_promise_on(sqlite_database, monkeypatch):
    monkeypatch.setitem(SQLITE_PRAGMAS, "synchronous", SQLITE_SYNCHRONOUS)
    sqlite_database.dispose()

    assert SQLITE_SYNCHRONOUS == 2  # FULL
    with sqlite_database.connect() as connection:
        for name, value in SQLITE_PRAGMAS.items():
            assert connection.exec_driver_sql(f"PRAGMA {name}").scalar() == value


def test_a_file_is_stored_by_content_and_belongs_to_who_brought_it(database):
    with unit_of_work(WEI) as session:
        first = store_file(session, io.BytesIO(b"abc"), "..\\..\\etc/名单.xlsx")
        again = store_file(session, io.BytesIO(b"abc"), "other.xlsx")

    assert (first.name, first.size_bytes, first.sha256) == ("名单.xlsx", 3, again.sha256)
    assert first.path.read_bytes() == b"abc"
    with reading(WEI) as session:
        assert get_file(session, first.id).name == "名单.xlsx"
    with reading(BEIFANG_CLERK) as session, pytest.raises(NotFound):
        get_file(session, first.id)


def test_a_file_that_is_too_large_leaves_nothing_behind(database, data_dir: Path):
    with pytest.raises(InvalidInput) as refused, unit_of_work(WEI) as session:
        store_file(session, io.BytesIO(b"x" * 11), "big", bytes_max=10)

    assert refused.value.code == "files.too_large"
    assert [path for path in (data_dir / "files").rglob("*") if path.is_file()] == []
