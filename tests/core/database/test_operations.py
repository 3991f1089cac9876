"""Operations of several capabilities in one round trip: each interprets its own result, and all succeed or none."""

import pytest
from sqlalchemy import bindparam, event, insert, select, update

from core.database.operations import Operation, no_result, run_operations
from core.database.prepared import Prepared
from core.database.sessions import unit_of_work
from core.errors import Conflict
from models.number_series import NumberSeries
from tests.conftest import WEI

ADD = Prepared(insert(NumberSeries), columns=("name", "last"))
SET = Prepared(update(NumberSeries).where(NumberSeries.name == bindparam("of")).values(last=bindparam("last")))
READ = Prepared(select(NumberSeries.last).where(NumberSeries.name == bindparam("name")))


def add(name, last):
    return Operation(ADD, {"name": name, "last": last}, no_result)


def change(name, last):
    def finish(_session, result):
        if result.count != 1:
            raise Conflict("test.lost", "There is no {name}.", name=name)
        return last

    return Operation(SET, {"of": name, "last": last}, finish)


def read(name):
    return Operation(READ, {"name": name}, lambda _session, result: result.scalar())


def test_an_operation_alone_returns_its_result(database):
    with unit_of_work(WEI) as session:
        assert add("a", 1).run(session) is None
        assert change("a", 2).run(session) == 2
        assert read("a").run(session) == 2


def test_together_each_operation_interprets_its_own_result_in_order(database):
    with unit_of_work(WEI) as session:
        assert run_operations(session, add("a", 1), change("a", 5), read("a"), read("b")) == (None, 5, 5, None)


def test_results_are_interpreted_once_all_statements_have_run(database):
    statements: list[str] = []
    event.listen(database, "before_cursor_execute", lambda _c, _cursor, text, *_: statements.append(text.split()[0]))
    seen_at_finish: list[list[str]] = []
    observed = Operation(
        ADD, {"name": "a", "last": 1}, lambda _session, _result: seen_at_finish.append(statements[-2:])
    )

    with unit_of_work(WEI) as session:
        run_operations(session, observed, change("a", 2))

    assert seen_at_finish == [["INSERT", "UPDATE"]]


def test_an_operation_that_finishes_with_an_error_undoes_all_of_the_unit(database):
    with unit_of_work(WEI) as session:
        add("a", 1).run(session)

    with pytest.raises(Conflict, match="b"), unit_of_work(WEI) as session:
        run_operations(session, change("a", 7), change("b", 7), add("c", 7))

    with unit_of_work(WEI) as session:
        assert run_operations(session, read("a"), read("c")) == (1, None)
