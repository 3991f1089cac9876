"""Batch onboarding: worksheets state partners as applied, in any row order, and the same review follows."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from core.clock import freeze
from core.database.sessions import reading
from models.partners.applications import Application
from resources.partners import PARTNERS
from services.applications.approval import approve_application, reject_application
from services.installation.checks import broken_invariants
from tests.conftest import ADMIN, HUADONG, LING, WEI
from tests.services.applications.support import act, partner_of, refused, rows, stored, told
from tests.services.orders.support import save

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
SHEET = (
    {"code": "D1", "name": "经销商一", "tier": "dealer", "upstream": "A1", "status": "applied"},
    {"code": "A1", "name": "代理一", "tier": "agent_2", "upstream": "HD", "status": "applied"},
    {"code": "M1", "name": "老客户", "tier": "micro_merchant", "upstream": "D1", "status": ""},
)


def applications() -> list[Application]:
    with reading(ADMIN) as session:
        return list(session.scalars(select(Application).order_by(Application.id)))


def test_rows_that_state_applied_wait_for_the_brand_whatever_their_order(database):
    with freeze(NOON):
        saved = save(PARTNERS, WEI, *SHEET)

    found = applications()
    assert (saved.created, saved.problems) == (3, [])
    assert [(one.name, one.status, one.entered_by) for one in found] == [
        ("代理一", "under_review", WEI.person),
        ("经销商一", "under_review", WEI.person),
    ]
    assert [one.due_at for one in found] == [NOON + timedelta(days=2)] * 2
    assert found[0].upstream_id == HUADONG
    assert [partner_of(one.number).path for one in found] == [one.path for one in found]
    with reading(ADMIN) as session:
        assert broken_invariants(session) == []


def test_the_same_worksheet_again_makes_no_second_application(database):
    save(PARTNERS, WEI, *SHEET)

    saved = save(PARTNERS, WEI, *SHEET)

    assert (saved.unchanged, rows(Application)) == (3, 2)


def test_what_was_entered_in_a_batch_is_decided_like_any_other_by_somebody_else(database):
    save(PARTNERS, LING, *SHEET)
    agent, dealer = applications()
    refused("applications.own_application", LING, approve_application, agent.number)

    act(ADMIN, approve_application, agent.number)
    act(ADMIN, reject_application, dealer.number, "重复")

    assert (partner_of(agent.number).status, partner_of(dealer.number).status) == ("active", "closed")
    assert told(agent.number) == ["submitted", "approved"]
    assert stored(dealer.number).reason == "重复"


def test_a_partners_status_is_not_stated_past_its_open_application(database):
    save(PARTNERS, LING, *SHEET)

    saved = save(PARTNERS, WEI, {"code": "A1", "status": "active"}, {"code": "D1", "phone": "13800138000"})

    assert [(one.row, one.field, one.problem.code) for one in saved.problems] == [
        (2, "status", "partners.application_open")
    ]
    assert saved.updated == 1
    assert partner_of(applications()[0].number).status == "applied"


def test_refused_rows_and_active_ones_make_no_application(database):
    saved = save(
        PARTNERS,
        WEI,
        {"code": "X", "name": "x", "tier": "dealer", "upstream": "NOPE", "status": "applied"},
        {"code": "Y", "name": "y", "tier": "dealer"},
    )

    assert (saved.created, len(saved.problems), rows(Application)) == (1, 1, 0)
