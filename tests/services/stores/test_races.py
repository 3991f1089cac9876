"""Stores and people who come at the same moment: two fakes see each other, one code is given once, one decides."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from core.access import Actor
from core.database.sessions import reading, transact
from core.drafts import Drafts
from core.errors import Conflict, DomainError
from core.events.log import Event
from models.approvals import ApprovalCase
from models.partners.partners import Partner
from models.stores import Store
from services.approvals.queries import decisions_about
from services.installation.checks import broken_invariants
from services.partners.saving import save_partners
from services.saving.plans import SaveOptions
from services.stores.registration import StoreStatement, move_store, register_store
from services.stores.review import close_store, decide_store
from services.stores.saving import save_stores
from tests.conftest import ADMIN, BEIFANG_CLERK, LING, SUZHOU_CLERK, WEI
from tests.services.stores.support import away, fix, found, save, shop, stored
from tests.services.stores.test_registration import VISITOR, invited
from tests.support.schedules import Schedule, interleave, some_schedules

SAMPLED = 5
Step = Callable[[], Any]

every_schedule = pytest.mark.parametrize("schedule", some_schedules(SAMPLED, seed=18), ids=str)


def step(actor: Actor, what: Callable[..., Any], *args: Any) -> Step:
    return lambda: transact(actor, lambda session: what(session, *args))


def run(engine: Engine, schedule: Schedule, *steps: Step) -> list[Any]:
    runners = interleave(engine, schedule, *steps)
    for runner in runners:
        assert runner.error is None or isinstance(runner.error, DomainError), runner.error
    with reading(ADMIN) as session:
        assert broken_invariants(session) == []
    return runners


def registration(phone: str = "13800138000", code: str = "", invite: str = "") -> tuple[Any, ...]:
    statement = StoreStatement("青禾南京东路店", phone, "310101", code=code)
    return register_store, statement, [fix()], (), invite


@every_schedule
def test_two_stores_registered_at_one_place_at_one_moment_see_each_other(postgres_database, schedule):
    first, second = run(
        postgres_database,
        schedule,
        step(SUZHOU_CLERK, *registration(code="S1")),
        step(BEIFANG_CLERK, *registration(code="S2")),
    )

    assert first.result.code != second.result.code
    for store in (first.result, second.result):
        assert "stores.duplicate" in found(store.code)
    assert {stored(one.result.code).score for one in (first, second)} == {30}


@every_schedule
def test_one_code_is_given_to_one_of_two(postgres_database, schedule):
    runners = run(
        postgres_database, schedule, step(WEI, *registration(code="S1")), step(LING, *registration("13900139000", "S1"))
    )

    assert sorted(runner.error is None for runner in runners) == [False, True]
    with reading(ADMIN) as session:
        assert session.scalar(select(func.count()).select_from(Store)) == 1


@every_schedule
def test_the_last_use_of_an_invite_is_one_stores(postgres_database, schedule):
    code = invited(uses=1)

    runners = run(
        postgres_database, schedule,
        step(VISITOR, *registration(invite=code)), step(VISITOR, *registration("13900139000", invite=code)),
    )  # fmt: skip

    assert sorted(runner.error is None for runner in runners) == [False, True]
    with reading(ADMIN) as session:
        assert session.scalar(select(func.count()).select_from(Partner).where(Partner.tier == "store")) == 1


@every_schedule
def test_of_two_who_decide_one_does(postgres_database, schedule):
    save(WEI, shop("S1", region="110000"))

    runners = run(postgres_database, schedule, step(LING, decide_store, "S1"), step(ADMIN, decide_store, "S1"))

    lost = [runner.error for runner in runners if runner.error is not None]
    assert [type(error) for error in lost] == [Conflict]
    with reading(ADMIN) as session:
        assert session.scalar(select(func.count()).select_from(Event).where(Event.action == "store.accepted")) == 1


@every_schedule
def test_a_store_is_moved_while_it_is_closed_or_not_at_all(postgres_database, schedule):
    save(WEI, shop("S1", partner="SZ"))

    moved, closed = run(
        postgres_database,
        schedule,
        step(SUZHOU_CLERK, move_store, "S1", [fix(900)]),
        step(LING, close_store, "S1", "关店"),
    )

    assert closed.error is None
    assert stored("S1").status == "closed"
    assert moved.error is None or isinstance(moved.error, Conflict)


@every_schedule
def test_a_branch_moves_while_stores_are_put_into_it(postgres_database, schedule):
    save(WEI, shop("S1", partner="SZ"))
    branch = Drafts([1], {"code": ["SZ"], "upstream": ["BF"]})
    rows = Drafts([2, 3], {"code": ["S2", "S1"], "name": ["二号店", "一号店"], "partner": ["SZ", "SZ"]})

    runners = run(
        postgres_database,
        schedule,
        step(ADMIN, save_partners, branch, SaveOptions()),
        step(WEI, save_stores, rows, SaveOptions()),
    )

    assert [runner.error for runner in runners] == [None, None]
    with reading(BEIFANG_CLERK) as session:
        assert sorted(session.scalars(select(Store.code))) == ["S1", "S2"]


@every_schedule
@pytest.mark.parametrize("way", ["on site", "worksheet"])
def test_a_branch_moves_while_a_store_of_it_is_put_under_review(postgres_database, schedule, way):
    save(WEI, shop("S1", partner="SZ"))
    branch = Drafts([1], {"code": ["SZ"], "upstream": ["BF"]})
    rows = Drafts([2], {"code": ["S1"], "region": ["110000"]})
    reviewed = (move_store, "S1", [fix(900)]) if way == "on site" else (save_stores, rows, SaveOptions())

    runners = run(postgres_database, schedule, step(ADMIN, save_partners, branch, SaveOptions()), step(WEI, *reviewed))

    assert [runner.error for runner in runners] == [None, None]
    assert cases("S1") == ["open"]


@every_schedule
def test_an_import_and_a_decision_about_the_same_stores_wait_for_each_other(postgres_database, schedule):
    save(WEI, shop("S1", phone="13800138000"), shop("S2", phone="13800138000"))
    rows = Drafts([2], {"code": ["S2"], "phone": ["13900139000"], "latitude": [away(5_000)["latitude"]]})

    runners = run(
        postgres_database, schedule, step(LING, save_stores, rows, SaveOptions()), step(ADMIN, decide_store, "S1")
    )

    assert [runner.error for runner in runners] == [None, None]
    assert stored("S1").status == "active"


@every_schedule
def test_a_decision_and_a_move_of_the_same_store_wait_for_each_other(postgres_database, schedule):
    save(WEI, shop("S1", region="110000", partner="SZ"))

    moved, decided = run(
        postgres_database, schedule, step(SUZHOU_CLERK, move_store, "S1", [fix(900)]), step(LING, decide_store, "S1")
    )

    assert (moved.error, decided.error) == (None, None)
    assert decisions("S1") == ["approved"]
    assert cases("S1")[0] == "approved"
    assert (stored("S1").status == "under_review") == ("open" in cases("S1"))


@every_schedule
def test_an_import_that_states_a_status_and_a_decision_leave_one_open_case_or_none(postgres_database, schedule):
    save(WEI, shop("S1", region="110000"))
    rows = Drafts([2], {"code": ["S1"], "status": ["closed"]})

    imported, decided = run(
        postgres_database, schedule, step(ADMIN, save_stores, rows, SaveOptions()), step(LING, decide_store, "S1")
    )

    assert (imported.error, stored("S1").status in ("active", "closed")) == (None, True)
    assert decisions("S1") == (["approved"] if decided.error is None else [])
    assert "open" not in cases("S1")


def cases(code: str) -> list[str]:
    with reading(ADMIN) as session:
        query = select(ApprovalCase.status).where(ApprovalCase.subject == "stores", ApprovalCase.key == code)
        return list(session.scalars(query.order_by(ApprovalCase.id)))


def decisions(code: str) -> list[str]:
    with reading(ADMIN) as session:
        return [one.decision for one in decisions_about(session, "stores", code)]
