"""Leaving: nothing stays with who leaves, nothing is lost, and a refusal changes nothing at all."""

from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from core.access import Actor
from core.database.sessions import reading, transact, unit_of_work
from core.errors import Conflict, DomainError, InvalidInput, NotFound, NotPermitted
from core.events.log import Event
from core.jobs.queueing import enqueue
from core.jobs.rows import Job
from core.permissions import Role
from models.accounts.departments import Department
from models.accounts.sessions import OneTimeLink, UserSession
from models.accounts.tokens import ApiToken
from models.accounts.users import User
from models.customers import Customer
from models.imports import ImportBatch, ImportStatus
from models.orders import Order
from services.accounts.administration import reactivate_user
from services.accounts.links import password_link
from services.accounts.tokens import create_token
from services.installation.checks import broken_invariants
from services.organisation.leaving import holdings, leave, possible_successors
from tests.browser.signing_in import session_of
from tests.conftest import (
    ADMIN,
    BEIFANG_CLERK,
    HUADONG_CLERK,
    HUADONG_OWNER,
    LING,
    MEI,
    SUZHOU_CLERK,
    WEI,
)
from tests.pages.staff_rows import state_rows
from tests.services.orders.support import add_range, draft, place, submitted
from tests.support.schedules import Schedule, interleave, some_schedules

ALL_TO_LING = {name: [LING.person] for name in ("customers", "orders", "reports", "departments", "imports")}
HR = Actor("hr@example.com", Role.HR, "hr@example.com", 99, language="en")


def people(*emails: str, role: str = "sales", manager: str | None = None) -> None:
    count = len(emails)
    columns = {"email": emails, "name": [email.split("@")[0] for email in emails], "role": [role] * count}
    state_rows("users", {**columns, "manager": [manager] * count})


def give_wei_everything() -> None:
    """Let Wei hold one of each kind, and be let in by every kind of key."""
    add_range()
    numbers = range(7)
    state_rows(
        "customers",
        {"code": [f"C{n}" for n in numbers], "name": ["x"] * 7, "owner": [WEI.person] * 6 + [LING.person]},
    )
    state_rows("departments", {"code": ["S"], "name": ["销售部"], "manager": [WEI.person]})
    people("rep@example.com", manager=WEI.person)
    place(WEI, ("MILK", 1), buyer="HD")
    session_of(WEI)
    with unit_of_work(WEI) as session:
        batch = ImportBatch(
            resource="customers", person=WEI.person, file_name="a.xlsx", sha256="0", status=ImportStatus.RUNNING.value
        )
        session.add(batch)
        session.flush()
        batch.job_id = enqueue(session, "imports.apply", batch_id=batch.id).id
        session.add(OneTimeLink(**_link(WEI.person)))
    with unit_of_work(ADMIN) as session:
        token, _ = create_token(session, "erp", role="sales")
        token.user_id, token.person = WEI.user_id, WEI.person


def _link(made_by: str) -> dict[str, Any]:
    from_now = {"token_hash": "0" * 64, "purpose": "invitation", "user_id": MEI.user_id, "made_by": made_by}
    with reading(ADMIN) as session:
        begun = session.scalars(select(UserSession)).first()
    return {**from_now, "created_at": begun.created_at, "expires_at": begun.expires_at}


def let_leave(actor: Actor = ADMIN, email: str = WEI.person, to: Any = None, note: str = "") -> dict[str, int]:
    return transact(actor, lambda session: leave(session, email, ALL_TO_LING if to is None else to, note))


def counted() -> dict[str, int]:
    """Return how much of the world there is, to see that a refusal changed nothing."""
    with reading(ADMIN) as session:
        owned = session.scalar(select(func.count()).select_from(Customer).where(Customer.owner_id == WEI.user_id))
        events = session.scalar(select(func.count()).select_from(Event))
        status = session.scalar(select(User.status).where(User.id == WEI.user_id))
        open_ = session.scalar(select(func.count()).select_from(UserSession).where(UserSession.ended_at.is_(None)))
    return {"owned": owned, "events": events, "status": status, "open": open_}


def test_what_a_person_holds_is_shown_before_anything_happens(database):
    give_wei_everything()
    before = counted()

    with reading(ADMIN) as session:
        found = holdings(session, WEI.person)

    assert {one.kind.name: one.count for one in found.held} == {
        "customers": 6, "orders": 1, "reports": 1, "departments": 1, "imports": 1,
    }  # fmt: skip
    assert found.held[0].keys == ("C0", "C1", "C2", "C3", "C4")
    assert list(found.ended.values()) == [1, 1, 1, 1]
    assert (found.undecided_count, counted()) == (0, before)


def test_everything_goes_to_colleagues_and_every_way_in_is_shut(database):
    give_wei_everything()

    counts = let_leave(note="moves to Chengdu")

    assert counts == {"customers": 6, "orders": 1, "reports": 1, "departments": 1, "imports": 1}
    with reading(ADMIN) as session:
        wei = session.scalars(select(User).where(User.id == WEI.user_id)).one()
        assert (wei.status, wei.left_at is not None, wei.password_hash) == ("locked", True, None)
        assert set(session.scalars(select(Customer.owner_id))) == {LING.user_id}
        assert session.scalars(select(Order.placed_by)).all() == [LING.person]
        assert session.scalar(select(Department.manager_id)) == LING.user_id
        assert session.scalar(select(User.manager_id).where(User.email == "rep@example.com")) == LING.user_id
        assert session.scalar(select(ApiToken.revoked_at)) is not None
        assert session.scalar(select(OneTimeLink.used_at)) is not None
        assert session.scalar(select(UserSession.end_reason)) == "locked"
        assert session.scalar(select(Job.status)) == "cancelled"
        recorded = session.scalars(select(Event).where(Event.action == "user.left")).one()
        assert broken_invariants(session) == []
    with reading(LING) as session:
        assert session.scalars(select(ImportBatch.status)).all() == ["cancelled"]
    assert (recorded.subject_key, recorded.data["handed_over"], recorded.data["note"]) == (
        WEI.person,
        counts,
        "moves to Chengdu",
    )


def test_each_customer_tells_who_looked_after_it_before(database):
    give_wei_everything()
    let_leave()

    with reading(ADMIN) as session:
        query = select(Event).where(Event.action == "customer.changed").order_by(Event.id)
        recorded = [(one.subject_key, one.changes, one.subject_version) for one in session.scalars(query)]
        versions = dict(session.execute(select(Customer.code, Customer.version)).all())
    assert recorded == [(f"C{n}", {"owner": [WEI.user_id, LING.user_id]}, versions[f"C{n}"]) for n in range(6)]


def test_customers_may_be_divided_and_nobody_gets_two_more_than_another(database):
    give_wei_everything()
    people("a@example.com", "b@example.com", "c@example.com", "d@example.com")

    let_leave(to={**ALL_TO_LING, "customers": [f"{name}@example.com" for name in "abcd"]})

    with reading(ADMIN) as session:
        owned = select(User.email, func.count()).join(Customer, Customer.owner_id == User.id).group_by(User.email)
        shares = dict(session.execute(owned).all())
    assert shares == {
        "a@example.com": 2, "b@example.com": 2, "c@example.com": 1, "d@example.com": 1, LING.person: 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("to", "wanted"),
    [
        ({}, {"customers": "leaving.successor_needed", "orders": "leaving.successor_needed",
              "reports": "leaving.successor_needed", "departments": "leaving.successor_needed",
              "imports": "leaving.successor_needed"}),
        ({**ALL_TO_LING, "customers": [WEI.person]}, {"customers": "leaving.to_oneself"}),
        ({**ALL_TO_LING, "customers": ["nobody@example.com"]}, {"customers": "users.not_found"}),
        ({**ALL_TO_LING, "customers": [MEI.person]}, {"customers": "leaving.successor_role"}),
        ({**ALL_TO_LING, "customers": [HUADONG_OWNER.person]}, {"customers": "leaving.successor_elsewhere"}),
        ({**ALL_TO_LING, "departments": [LING.person, MEI.person]}, {"departments": "leaving.not_divisible"}),
    ],
)  # fmt: skip
def test_an_impossible_successor_is_refused_and_nothing_changes(database, to, wanted):
    give_wei_everything()
    before = counted()

    with pytest.raises(InvalidInput) as refused:
        let_leave(to=to)

    assert refused.value.code == "leaving.successors"
    assert {name: problem.code for name, problem in refused.value.fields.items()} == wanted
    assert counted() == before


@pytest.mark.parametrize(
    ("actor", "email", "error", "code"),
    [
        (LING, WEI.person, NotPermitted, "access.denied"),
        (HR, ADMIN.person, NotFound, "users.not_found"),
        (ADMIN, ADMIN.person, Conflict, "users.own_account"),
        (ADMIN, "nobody@example.com", NotFound, "users.not_found"),
        (HUADONG_OWNER, BEIFANG_CLERK.person, NotFound, "users.not_found"),
        (HUADONG_OWNER, WEI.person, NotFound, "users.not_found"),
    ],
)
def test_who_may_not_let_somebody_leave_changes_nothing(database, actor, email, error, code):
    before = counted()

    with pytest.raises(error) as refused:
        let_leave(actor, email, {})

    assert (refused.value.code, counted()) == (code, before)


def test_who_has_left_cannot_leave_again_but_may_come_back(database):
    let_leave(to={})

    with pytest.raises(Conflict) as refused:
        let_leave(to={})
    transact(ADMIN, lambda session: reactivate_user(session, WEI.person))

    assert refused.value.code == "leaving.has_left"
    with reading(ADMIN) as session:
        wei = session.scalars(select(User).where(User.id == WEI.user_id)).one()
    assert (wei.status, wei.left_at) == ("invited", None)


def test_nobody_leaves_who_alone_could_decide_what_waits(database):
    add_range()
    submitted(LING, ("MILK", 1), buyer="HD")
    others = {"orders": [ADMIN.person]}
    with unit_of_work(ADMIN) as session:
        session.scalars(select(User).where(User.id == ADMIN.user_id)).one().role = "sales"

    with pytest.raises(Conflict) as refused:
        let_leave(email=MEI.person, to=others)

    assert refused.value.code == "leaving.nobody_decides"
    with reading(ADMIN) as session:
        assert session.scalar(select(User.status).where(User.id == MEI.user_id)) == "active"


def test_people_between_leaver_and_successor_go_to_the_leavers_own_manager(database):
    people(WEI.person, manager=ADMIN.person)
    people("between@example.com", "other@example.com", manager=WEI.person)
    people("below@example.com", manager="between@example.com")

    let_leave(to={"reports": ["below@example.com"]})

    with reading(ADMIN) as session:
        names = dict(session.execute(select(User.id, User.email)).all())
        above = {one.email: names.get(one.manager_id) for one in session.scalars(select(User)) if one.manager_id}
    assert above == {
        "between@example.com": ADMIN.person,
        "other@example.com": "below@example.com",
        "below@example.com": "between@example.com",
    }


def test_an_owner_lets_own_people_leave_and_hands_over_within_the_branch(database):
    state_rows("customers", {"code": ["K"], "name": ["x"], "partner": ["SZ"], "owner": [SUZHOU_CLERK.person]})

    let_leave(HUADONG_OWNER, SUZHOU_CLERK.person, {"customers": [HUADONG_CLERK.person]})

    with reading(ADMIN) as session:
        assert session.scalar(select(Customer.owner_id)) == HUADONG_CLERK.user_id


def test_only_who_could_take_over_is_offered(database):
    with reading(ADMIN) as session:
        for_customers = possible_successors(session, WEI.person, "customers", "")
        for_a_clerk = possible_successors(session, SUZHOU_CLERK.person, "customers", "huadong")

    assert list(for_customers) == [ADMIN.person, LING.person]
    assert list(for_a_clerk) == [HUADONG_CLERK.person, HUADONG_OWNER.person]


def in_some_orders(count: int, seed: int) -> pytest.MarkDecorator:
    """Run a race in so many orders on PostgreSQL, and in one on SQLite: with one writer nothing else can happen."""
    orders = [("sqlite", (0, 1)), *(("postgresql", schedule) for schedule in some_schedules(count, seed))]
    return pytest.mark.parametrize(("database", "schedule"), orders, indirect=["database"])


@in_some_orders(14, seed=11)
def test_what_is_given_to_the_leaver_meanwhile_is_caught(database: Engine, schedule):
    race_to_give(database, schedule)


def race_to_give(database: Engine, schedule: Schedule) -> None:
    """Give Wei a customer while she leaves."""
    state_rows("customers", {"code": ["C1"], "name": ["x"], "owner": [WEI.person]})

    def assign() -> None:
        state_rows("customers", {"code": ["C2"], "name": ["y"], "owner": [WEI.person]})

    leaving, assigning = interleave(database, schedule, lambda: let_leave(to={"customers": [LING.person]}), assign)

    assert leaving.error is None
    assert assigning.error is None or (
        isinstance(assigning.error, DomainError) and assigning.error.code == "users.has_left"
    )
    with reading(ADMIN) as session:
        assert set(session.scalars(select(Customer.owner_id))) == {LING.user_id}
        assert broken_invariants(session) == []


@in_some_orders(10, seed=12)
def test_two_who_hand_over_to_each_other_do_not_both_leave(database: Engine, schedule):
    race_to_leave(database, schedule)


def race_to_leave(database: Engine, schedule: Schedule) -> None:
    """Let Wei and Ling leave at once, each with the other as successor."""
    state_rows("customers", {"code": ["C1", "C2"], "name": ["x", "y"], "owner": [WEI.person, LING.person]})

    runners = interleave(
        database,
        schedule,
        lambda: let_leave(email=WEI.person, to={"customers": [LING.person]}),
        lambda: let_leave(email=LING.person, to={"customers": [WEI.person]}),
    )

    errors = [runner.error for runner in runners if runner.error is not None]
    assert [error.fields["customers"].code for error in errors] == ["leaving.successor_gone"]
    with reading(ADMIN) as session:
        assert broken_invariants(session) == []


def test_a_link_made_while_somebody_leaves_is_not_valid(database):
    token = transact(ADMIN, lambda session: password_link(session, WEI.person)).split("token=")[1]
    let_leave(to={})

    with reading(ADMIN) as session:
        assert session.scalar(select(OneTimeLink.used_at)) is not None
    assert token


def test_the_check_names_what_still_points_to_who_has_left(database):
    let_leave(to={})
    with unit_of_work(ADMIN) as session:
        session.add(Customer(code="C9", name="x", owner_id=WEI.user_id))

    with reading(ADMIN) as session:
        found = broken_invariants(session)

    assert found == [
        {"check": "leavers", "detail": "customers.owner_id: 1 open rows name wei@example.com, who has left"}
    ]


def test_a_draft_of_the_brand_goes_on_with_the_successor(database):
    add_range()
    number = place(WEI, ("MILK", 1), buyer="HD").number
    let_leave(to={"orders": [LING.person]})

    with reading(ADMIN) as session:
        order = session.scalars(select(Order).where(Order.number == number)).one()
        recorded = session.scalars(select(Event.changes).where(Event.action == "order.changed")).one()
    assert (order.placed_by, order.status, recorded) == (LING.person, "draft", {"placed_by": [WEI.person, LING.person]})
    assert draft(("MILK", 1)).lines
