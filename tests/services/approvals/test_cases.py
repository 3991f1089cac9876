"""Cases of every subject: whatever is done in whatever order, a step is decided once, by somebody else, or never."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from core.access import Actor
from core.clock import freeze
from core.database.sessions import reading, transact
from core.drafts import Drafts
from core.errors import DomainError
from core.events.log import Event
from models.approvals import ApprovalCase, ApprovalDecision, ApprovalStep
from models.orders import Order
from models.partners.affiliation_requests import AffiliationRequest
from models.partners.applications import Application
from models.stores import Store
from services.applications.applicant import submit_application, withdraw_application
from services.applications.approval import (
    approve_application,
    confirm_application,
    decline_application,
    reject_application,
    return_application,
)
from services.approvals.checks import APPROVAL_CHECKS
from services.approvals.queries import decided_by, decided_count, decisions_about, last_decision, returned_keys
from services.approvals.worklist import keys_waiting, waiting_count, waiting_counts, worklist
from services.money.checks import CREDIT_CHECKS
from services.orders.approval import approve_order, reject_order, return_order
from services.orders.checks import ORDER_CHECKS
from services.orders.lifecycle import submit_order, withdraw_order
from services.partners.affiliation_requests import withdraw_affiliation
from services.partners.approval import (
    agree_to_affiliation,
    approve_affiliation,
    decline_affiliation,
    reject_affiliation,
)
from services.saving.plans import Saved, SaveOptions
from services.stores.registration import move_store
from services.stores.review import close_store, decide_store, reopen_store, send_back_store, stores_under_review
from services.stores.saving import save_stores
from tests.conftest import ADMIN, HUADONG_CLERK, HUADONG_OWNER, LING, MEI, SUZHOU_CLERK, WEI
from tests.services.applications.support import APPLICANT, COMPANY, confirmed, invited
from tests.services.orders.support import add_range, submitted
from tests.services.partners.test_affiliation_requests import NEW, NOON, OWNER, ask
from tests.services.stores.support import fix
from tests.services.stores.support import save as save_store
from tests.services.stores.support import shop as store_row

STATUSES = ("applied", "under_review", "active", "closed")
Step = tuple[Actor, Callable[..., Any], tuple[Any, ...]]


class Walk(NamedTuple):
    """How a document of a subject begins, and what people may try to do with it."""

    begin: Callable[[], str]
    model: Any
    steps: tuple[Step, ...]
    never: frozenset[str] = frozenset({"ling@example.com"})

    def is_of(self, key: str) -> Any:
        column = self.model.code if self.model is Store else self.model.number
        return column == key


def import_store(session: Session, code: str, **stated: Any) -> Saved:
    columns = {name: [value] for name, value in {"code": code, **stated}.items()}
    return save_stores(session, Drafts([2], columns), SaveOptions())


def doubtful_store() -> str:
    code = f"S{count_stores()}"
    save_store(WEI, store_row(code, region="110000", partner="SZ"))
    return code


def count_stores() -> int:
    with reading(ADMIN) as session:
        return session.scalar(select(func.count()).select_from(Store)) or 0


WALKS = {
    "orders": Walk(
        lambda: submitted(LING, buyer="SZ").number,
        Order,
        (
            (LING, approve_order, ()),
            (MEI, approve_order, ()),
            (ADMIN, reject_order, ("no",)),
            (MEI, return_order, ("change it",)),
            (MEI, reject_order, ("",)),
            (WEI, approve_order, ()),
            (LING, withdraw_order, ()),
            (LING, submit_order, ()),
            (WEI, submit_order, ()),
        ),
    ),
    "applications": Walk(
        lambda: invited({**COMPANY, "email": "ling@example.com"}),
        Application,
        (
            (HUADONG_OWNER, confirm_application, ("known",)),
            (HUADONG_OWNER, decline_application, ("unknown",)),
            (ADMIN, confirm_application, ("by phone",)),
            (LING, approve_application, ()),
            (ADMIN, approve_application, ()),
            (ADMIN, return_application, ("more",)),
            (ADMIN, reject_application, ("no",)),
            (ADMIN, reject_application, ("",)),
            (APPLICANT, withdraw_application, ()),
            (APPLICANT, lambda session, number: submit_application(session, number, consent=True), ()),
        ),
    ),
    "affiliation_requests": Walk(
        lambda: ask(LING),
        AffiliationRequest,
        (
            (OWNER, agree_to_affiliation, ()),
            (NEW, agree_to_affiliation, ()),
            (NEW, decline_affiliation, ("no",)),
            (HUADONG_OWNER, agree_to_affiliation, ()),
            (LING, approve_affiliation, ()),
            (ADMIN, approve_affiliation, ()),
            (ADMIN, reject_affiliation, ("no",)),
            (ADMIN, reject_affiliation, ("",)),
            (LING, withdraw_affiliation, ()),
        ),
    ),
    "stores": Walk(
        doubtful_store,
        Store,
        (
            (LING, decide_store, ()),
            (ADMIN, decide_store, ("fine",)),
            (LING, send_back_store, ("another photo",)),
            (LING, close_store, ("fake",)),
            (ADMIN, close_store, ("",)),
            (WEI, decide_store, ()),
            (ADMIN, reopen_store, ("a mistake",)),
            (SUZHOU_CLERK, lambda session, code: move_store(session, code, [fix(900)]), ()),
            (WEI, lambda session, code: import_store(session, code, phone="13900139000", longitude=121.9), ()),
            *((LING, partial(import_store, status=status), ()) for status in STATUSES),
        ),
        frozenset({"wei@example.com"}),
    ),
}


@pytest.fixture
def shop(sqlite_database):
    add_range()
    return sqlite_database


def decisions(key: str) -> list[ApprovalDecision]:
    with reading(ADMIN) as session:
        query = select(ApprovalDecision).join(ApprovalCase, ApprovalCase.id == ApprovalDecision.case_id)
        return list(session.scalars(query.where(ApprovalCase.key == key).order_by(ApprovalDecision.id)))


def everything(walk: Walk, key: str) -> tuple[Any, ...]:
    """What a refused step leaves as it is."""
    with reading(ADMIN) as session:
        row = session.execute(select(walk.model.status, walk.model.version).where(walk.is_of(key))).one()
        cases = session.execute(select(ApprovalCase.id, ApprovalCase.status, ApprovalCase.due_at)).all()
        steps = session.execute(select(ApprovalStep.case_id, ApprovalStep.number, ApprovalStep.state)).all()
        decided = session.scalar(select(func.count()).select_from(ApprovalDecision))
        events = session.scalar(select(func.count()).select_from(Event))
    return tuple(row), list(map(tuple, cases)), list(map(tuple, steps)), decided, events


def faults() -> list[str]:
    with reading(ADMIN) as session:
        checks = (APPROVAL_CHECKS | CREDIT_CHECKS | ORDER_CHECKS).values()
        return [fault for check in checks for fault in check(session)]


@pytest.mark.parametrize("name", WALKS)
def test_whatever_people_try_each_step_is_decided_once_and_never_by_who_submitted_it(shop, name):
    walk_at_random(WALKS[name], 12)


def walk_at_random(walk: Walk, examples_max: int) -> None:
    """Try steps in so many orders, each with a document of its own."""

    @given(st.lists(st.sampled_from(range(len(walk.steps))), min_size=1, max_size=7))
    @settings(max_examples=examples_max, deadline=None, suppress_health_check=list(HealthCheck))
    def walk_through(chosen):
        _end_open_ones()
        key = walk.begin()
        for number in chosen:
            actor, service, arguments = walk.steps[number]
            before = everything(walk, key)
            try:
                transact(actor, lambda session: service(session, key, *arguments))  # noqa: B023
            except DomainError:
                assert everything(walk, key) == before
            assert faults() == []
        made = decisions(key)
        assert len({(one.case_id, one.step) for one in made}) == len(made)
        assert not {one.person for one in made} & walk.never
        assert all(one.reason for one in made if one.decision != "approved")

    with freeze(NOON):  # before the day of a change of upstream, which would move the partner for the next example
        walk_through()


def _end_open_ones() -> None:
    """Withdraw the change of upstream of the example before: a partner has one at most. Free the credit it used."""
    with reading(ADMIN) as session:
        requests = session.scalars(
            select(AffiliationRequest.number).where(
                AffiliationRequest.status.in_(("asked", "under_review", "approved"))
            )
        ).all()
        orders = session.scalars(select(Order.number).where(Order.status == "submitted")).all()
        applications = session.scalars(
            select(Application.number).where(Application.status.in_(("submitted", "under_review", "returned")))
        ).all()
    for number in requests:
        transact(LING, lambda session, number=number: withdraw_affiliation(session, number))
    for number in orders:
        transact(MEI, lambda session, number=number: reject_order(session, number, "ended"))
    for number in applications:
        transact(APPLICANT, lambda session, number=number: withdraw_application(session, number))


def test_what_waits_is_listed_for_everybody_who_is_asked_and_for_nobody_else(database):
    add_range()
    order, application, change = submitted(LING, buyer="SZ").number, invited(), ask(WEI)

    found = {}
    for actor in (LING, MEI, ADMIN, WEI, HUADONG_OWNER, OWNER, NEW, SUZHOU_CLERK):
        with reading(actor) as session:
            items, counts = worklist(session), waiting_counts(session)
        found[actor.name] = {one.key for one in items}
        assert {name: sum(one.subject == name for one in items) for name in counts} == counts

    assert found == {
        LING.name: set(),
        MEI.name: {order},
        ADMIN.name: {order},
        WEI.name: set(),
        HUADONG_OWNER.name: {application},
        OWNER.name: {change},
        NEW.name: {change},
        SUZHOU_CLERK.name: set(),
    }


def test_the_list_of_stores_to_review_is_the_worklist(database):
    for at in range(3):
        save_store(WEI, store_row(f"S{at}", region="110000", latitude=31.0 + at))

    with reading(LING) as session:
        listed = [store.code for store in stores_under_review(session)]
        assert sorted(listed) == sorted(one.key for one in worklist(session, "stores"))
        assert waiting_counts(session)["stores"] == waiting_count(session, "stores") == len(listed) == 3


def test_a_store_that_was_sent_back_waits_again_and_is_known_as_such(database):
    for code in ("S0", "S1"):
        save_store(WEI, store_row(code, region="110000"))
    transact(LING, lambda session: send_back_store(session, "S0", "photo"))

    with reading(LING) as session:
        assert keys_waiting(session, "stores", ["S0", "S1", "S9"]) == {"S0", "S1"}
        assert returned_keys(session, "stores", ["S0", "S1", "S9"]) == {"S0"}
    transact(LING, lambda session: decide_store(session, "S0"))

    with reading(LING) as session:
        assert keys_waiting(session, "stores", ["S0", "S1"]) == {"S1"}
        assert returned_keys(session, "stores", ["S0", "S1"]) == set()


def test_a_line_of_the_worklist_says_what_it_is_since_when_and_where_it_is_found(database):
    add_range()
    with freeze(NOON):
        order, application = submitted(HUADONG_CLERK, buyer="SZ"), confirmed()

    with reading(LING) as session:
        items = worklist(session)

    assert [(one.subject, one.key, one.title, one.link) for one in items] == [
        ("applications", application, COMPANY["name"], f"/applications/{application}"),
        ("orders", order.number, "苏州代理", f"/orders/{order.number}"),
    ]
    assert items[0].due_at > items[0].since
    assert (items[1].since, items[1].due_at) == (order.submitted_at, None)


def test_the_name_of_a_person_with_signs_of_a_pattern_is_only_that_person(database):
    add_range()
    submitted(SUZHOU_CLERK)
    anybody = Actor("%", ADMIN.role, "%", None)
    somebody = Actor("clerk", ADMIN.role, "clerk_suzhou.example.com", None)

    for actor in (anybody, somebody):
        with reading(actor) as session:
            assert waiting_counts(session)["orders"] == 1


def test_what_a_person_decided_is_found_again_each_document_once(database):
    add_range()
    order = submitted(LING, buyer="SZ").number
    transact(MEI, lambda session: return_order(session, order, "again"))
    transact(LING, lambda session: submit_order(session, order))
    transact(MEI, lambda session: approve_order(session, order, "now"))

    with reading(MEI) as session:
        mine, count = decided_by(session, "orders", MEI.person, 10), decided_count(session, "orders", MEI.person)
        every, last = decisions_about(session, "orders", order), last_decision(session, "orders", order)
        foreign = decided_by(session, "applications", MEI.person, 10)

    assert [(one.key, one.decision.reason) for one in mine] == [(order, "now")]
    assert (count, [one.decision for one in every], last and last.reason, foreign) == (
        1,
        ["returned", "approved"],
        "now",
        [],
    )


@pytest.mark.parametrize("actor", [WEI, MEI], ids=["sales", "finance"])
def test_who_may_not_see_applications_sees_no_case_of_one(database, actor):
    confirmed()

    with reading(actor) as session:
        seen = [session.scalar(select(func.count()).select_from(one)) for one in (ApprovalCase, ApprovalDecision)]

    assert seen == ([1, 1] if actor is WEI else [0, 0])


def test_a_tampered_fact_and_a_lost_case_are_noticed(database):
    add_range()
    kept, lost = submitted(SUZHOU_CLERK).number, submitted(SUZHOU_CLERK).number
    transact(
        ADMIN, lambda session: session.execute(update(ApprovalCase).where(ApprovalCase.key == kept).values(facts={}))
    )

    def lose(session):
        case_id = session.scalar(select(ApprovalCase.id).where(ApprovalCase.key == lost))
        session.execute(delete(ApprovalStep).where(ApprovalStep.case_id == case_id))
        session.execute(delete(ApprovalCase).where(ApprovalCase.id == case_id))

    transact(ADMIN, lose)

    assert [fault.split(":")[1] for fault in faults()] == [
        " it waits and has no open case",
        " its facts are not those that were decided about",
    ]
