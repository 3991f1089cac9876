"""Prepared statements mean what the same statements mean the usual way, on both databases."""

import threading
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Date, String, bindparam, event, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from core.database import _pipeline
from core.database.columns import Instant
from core.database.prepared import Prepared, run_together
from core.database.sessions import reading, transact, unit_of_work
from core.errors import InvalidInput
from core.events.log import COLUMNS, Event
from models.number_series import NumberSeries
from models.partners.partners import Partner
from tests.conftest import ADMIN, HUADONG, WEI

ADD = Prepared(insert(NumberSeries), columns=("name", "last"))
BY_NAME = Prepared(select(NumberSeries.last).where(NumberSeries.name == bindparam("name")))
SET = Prepared(
    update(NumberSeries).where(NumberSeries.name == bindparam("of")).values(last=bindparam("last")).returning(
        NumberSeries.last
    )
)  # fmt: skip


def last(name: str) -> int | None:
    with reading(ADMIN) as session:
        return BY_NAME.run(session, {"name": name}).scalar()


def test_rows_come_back_as_the_types_they_were_given_as(database):
    at = datetime(2026, 11, 22, 23, 59, 59, 123456, tzinfo=UTC)
    facts = {"text": "'\"\\ 上海 \U0001f600\t\n", "n": [1, None, True]}
    row = (at, "a", "", "screen", "t.was", "t", "1", "", facts, {}, None, 2, 7, None)
    values = dict(zip(COLUMNS, row, strict=True))

    with unit_of_work(WEI) as session:
        found = Prepared(insert(Event).returning(Event.id, Event.at), columns=COLUMNS).run(session, values)

    assert [row[1] for row in found] == [at]
    with reading(ADMIN) as session:
        stored = session.scalars(select(Event)).one()
        again = Prepared(select(Event.at, Event.changes, Event.batch_id)).run(session, {}).first()
    assert (stored.at, stored.changes, stored.batch_id) == (at, facts, None)
    assert (stored.subject_version, stored.created_values) == (7, None)
    assert tuple(again) == (at, facts, None)


def test_values_stand_beside_the_statements_own_and_lists_grow(database):
    day = bindparam("day", type_=Date)
    known = Partner.created_at < bindparam("by", type_=Instant)
    statement = select(Partner.code, literal("x", String), day.label("day")).where(
        Partner.code.in_(["HD", "SZ"]), Partner.id >= bindparam("least", 0), known
    )
    prepared = Prepared(statement.order_by(Partner.id), planned_anew=True)
    values = {"day": date(2026, 2, 28), "by": datetime(2100, 1, 1, tzinfo=UTC)}

    with reading(ADMIN) as session:
        both = prepared.run(session, values).rows
        one = prepared.run(session, values | {"least": HUADONG + 1}).rows

    assert [tuple(row) for row in both] == [("HD", "x", date(2026, 2, 28)), ("SZ", "x", date(2026, 2, 28))]
    assert [row[0] for row in one] == ["SZ"]


def test_statements_together_are_done_in_order_and_each_tells_what_it_found(database):
    with unit_of_work(WEI) as session:
        results = run_together(
            session,
            (ADD, {"name": "a", "last": 1}),
            (SET, {"of": "a", "last": 2}),
            (SET, {"of": "nobody", "last": 2}),
            (BY_NAME, {"name": "a"}),
        )

    assert [one.count for one in results] == [1, 1, 0, 1]
    assert [one.scalar() for one in results] == [None, 2, None, 2]


def test_after_a_refused_statement_nothing_is_done_and_the_connection_still_serves(database):
    with unit_of_work(WEI) as session:
        ADD.run(session, {"name": "a", "last": 1})

    with pytest.raises(IntegrityError), unit_of_work(WEI) as session:
        steps = [(ADD, {"name": name, "last": 9}) for name in ("b", "a", "c")]
        run_together(session, *steps)

    assert [last(name) for name in "abc"] == [1, None, None]


@pytest.mark.parametrize("wait", [_pipeline._wait, _pipeline._wait_by_select], ids=["own", "select"])
def test_more_than_the_socket_takes_at_once_arrives_whole_however_one_waits(database, monkeypatch, wait):
    monkeypatch.setattr(_pipeline, "_wait", wait)
    texts = [letter * 3_000_000 for letter in "abc"]
    echo = Prepared(select(bindparam("text", type_=String), literal("x", String)))

    with reading(WEI) as session:
        results = run_together(session, *((echo, {"text": text}) for text in texts))

    assert [one.scalar() for one in results] == texts


def test_a_text_that_the_database_would_cut_is_refused(database):
    if database.dialect.name == "sqlite":
        with unit_of_work(WEI) as session:
            ADD.run(session, {"name": "a\0b", "last": 1})
        assert last("a\0b") == 1
    else:
        with pytest.raises(InvalidInput, match="unstorable"), unit_of_work(WEI) as session:
            ADD.run(session, {"name": "a\0b", "last": 1})
        assert last("a") is None


def test_who_listens_to_the_engine_hears_of_each(database):
    heard: list[str] = []
    event.listen(database, "before_cursor_execute", lambda _c, _cursor, text, *_: heard.append(text.split()[0]))

    with unit_of_work(WEI) as session:
        run_together(session, (ADD, {"name": "a", "last": 1}), (SET, {"of": "a", "last": 2}))

    assert heard[-2:] == ["INSERT", "UPDATE"]


def test_who_waits_for_a_row_keeps_nobody_else_waiting(database):
    with unit_of_work(WEI) as session:
        ADD.run(session, {"name": "a", "last": 0})
    locked = threading.Event()

    def hold() -> None:
        with unit_of_work(WEI) as session:
            SET.run(session, {"of": "a", "last": 1})
            locked.set()
            other.join(0.3)  # the other one waits in the database meanwhile, and this thread goes on

    def follow() -> None:
        locked.wait()
        transact(WEI, lambda session: run_together(session, (BY_NAME, {"name": "a"}), (SET, {"of": "a", "last": 2})))

    first, other = threading.Thread(target=hold), threading.Thread(target=follow)
    other.start()
    first.start()
    first.join()
    other.join()

    assert last("a") == 2


@pytest.mark.parametrize("facts", [{"n": 2**70}, {1: "x"}, {}, {"text": "\u2028\x7f\x01é\\"}])
def test_whatever_json_can_say_is_kept(database, facts):
    at = datetime(2026, 1, 1, tzinfo=UTC)
    row = (at, "a", "", "screen", "t.was", "t", "1", "", facts, {}, None, 2, 7, None)
    values = dict(zip(COLUMNS, row, strict=True))

    with unit_of_work(WEI) as session:
        Prepared(insert(Event), columns=COLUMNS).run(session, values)

    with reading(ADMIN) as session:
        assert session.scalars(select(Event.changes)).one() == {str(key): value for key, value in facts.items()}


def test_a_type_that_nobody_prepared_for_is_refused_when_the_statement_is_made(database):
    if database.dialect.name == "sqlite":
        return

    with pytest.raises(TypeError):
        Prepared(select(literal(None))).form(database.dialect)
