"""The demo's own people and how partners join: each list has rows in every state, which go when the demo goes."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from core.clock import now
from core.database.sessions import reading, unit_of_work
from core.drafts import Drafts
from core.errors import Conflict
from core.events.log import Event
from core.files.contents import StoredFile
from models.accounts.departments import Department
from models.accounts.users import User
from models.approvals import ApprovalCase, ApprovalDecision, ApprovalStep
from models.partners.affiliation_requests import AffiliationRequest, RequestStatus
from models.partners.applications import Application, ApplicationStatus
from models.partners.invites import Invite
from models.partners.partners import Affiliation, Partner
from services.accounts.users import save_users
from services.applications.approval import overdue_numbers, return_application
from services.applications.hints import duplicates_of
from services.approvals.worklist import waiting_count
from services.demo._clearing import clear_demo
from services.demo.loading import DemoSize, load_demo
from services.jobs.owners import actor_of_person
from services.organisation.departments import organisation, save_departments
from services.partners.affiliation_requests import requests_to_carry_on
from services.partners.approval import agree_to_affiliation, approve_affiliation
from services.saving.plans import SaveOptions
from tests.conftest import ADMIN, LING
from tests.services.demo.support import SIZE, broken, count, one, table_counts

HUA = "hua@demo.example"


def counts_by_status(model) -> dict[str, int]:
    with reading(ADMIN) as session:
        return dict(session.execute(select(model.status, func.count()).group_by(model.status)).all())


# --- what is loaded ---


def test_there_are_applications_in_every_status(loaded):
    assert counts_by_status(Application) == {
        "draft": 2, "submitted": 2, "under_review": 3, "returned": 1, "refused": 1, "approved": 2, "withdrawn": 1,
    }  # fmt: skip
    assert set(counts_by_status(Application)) == set(ApplicationStatus)
    assert broken() == []


def test_some_applications_are_late_for_the_brand_and_none_for_an_upstream(loaded):
    late = (Application.status == "under_review", Application.due_at < now())
    with reading(LING) as session:
        assert (overdue_numbers(session), waiting_count(session, "applications")) == ([], 3)
    assert count(Application, *late) == 1
    assert count(Application, Application.submitted_at > now()) == 0


def test_the_partner_of_each_application_is_as_far_as_the_application(loaded):
    with reading(ADMIN) as session:
        pairs = select(Application.status, Partner.status).join(Partner, Application.partner_id == Partner.id)
        found = set(session.execute(pairs).all())
        same = select(func.count()).select_from(Application).join(Partner, Application.partner_id == Partner.id)
        same = same.where(Application.name == Partner.name, Application.uscc == Partner.uscc)
        assert session.scalar(same.where(Application.phone == Partner.phone)) == 9
    assert found == {
        ("submitted", "applied"), ("under_review", "under_review"), ("returned", "applied"), ("refused", "closed"),
        ("approved", "active"),
    }  # fmt: skip


def test_one_application_is_perhaps_a_partner_already(loaded):
    with reading(LING) as session:
        waiting = session.scalars(select(Application).where(Application.status == "under_review")).all()
        by_phone = [
            found.code for one in waiting for found in duplicates_of(session, one)
            if found.why.code == "applications.same_phone"
        ]  # fmt: skip
    assert by_phone == ["QH-A0001"]


def test_every_application_that_was_submitted_has_a_licence(loaded):
    was_submitted = Application.submitted_at.is_not(None)
    assert count(Application, was_submitted, Application.licence_sha256.is_(None)) == 0
    assert one(StoredFile).path.read_bytes()[:2] == b"\xff\xd8"


def test_an_approved_application_has_an_owner_who_was_invited_and_a_partner_that_has_not_ordered(loaded):
    with reading(ADMIN) as session:
        owners = select(User.status, User.role, User.email == Application.email)
        rows = session.execute(owners.join(Application, User.partner_id == Application.partner_id)).all()
    assert rows == [("invited", "partner_owner", True)] * 2


def test_invites_can_be_used_are_used_up_have_expired_or_were_taken_back(loaded):
    assert count(Invite) == 8
    is_open = (Invite.revoked_at.is_(None), Invite.expires_at > now(), Invite.used_count < Invite.uses_max)
    assert count(Invite, *is_open) == 3
    assert count(Invite, Invite.used_count == Invite.uses_max) == 1
    assert count(Invite, Invite.expires_at < now()) == 2
    assert count(Invite, Invite.revoked_at.is_not(None)) == 2
    with reading(ADMIN) as session:
        used = select(func.sum(Invite.used_count)).select_from(Invite)
        by_invite = select(func.count()).select_from(Application).where(Application.invite_id.is_not(None))
        assert session.scalar(used) == session.scalar(by_invite) == 2


def test_there_are_changes_of_upstream_in_every_status_and_none_waits_for_time(loaded):
    assert counts_by_status(AffiliationRequest) == {
        "asked": 2, "under_review": 2, "approved": 1, "done": 1, "refused": 1, "withdrawn": 1,
    }  # fmt: skip
    assert set(counts_by_status(AffiliationRequest)) == set(RequestStatus)
    with reading(LING) as session:
        assert (requests_to_carry_on(session), waiting_count(session, "affiliation_requests")) == ([], 2)
    assert count(AffiliationRequest, AffiliationRequest.objection.is_not(None)) == 1


def test_a_partner_that_has_moved_stood_elsewhere_before(loaded):
    moved = one(AffiliationRequest, AffiliationRequest.status == "done")
    with reading(ADMIN) as session:
        history = select(Affiliation.upstream_id, Affiliation.valid_to).where(
            Affiliation.partner_id == moved.partner_id
        )
        rows = session.execute(history.order_by(Affiliation.valid_from)).all()
    assert rows == [(moved.from_upstream_id, moved.valid_from), (moved.to_upstream_id, None)]


def test_the_owner_of_the_first_master_agent_has_something_to_answer(loaded):
    user = one(User, User.email == HUA)
    assert count(Application, Application.status == "submitted", Application.upstream_id == user.partner_id) >= 1
    conditions = (AffiliationRequest.status == "asked", AffiliationRequest.to_upstream_id == user.partner_id)
    assert count(AffiliationRequest, *conditions) == 1


def test_the_brands_people_work_in_departments_with_heads(loaded):
    with reading(ADMIN) as session:
        units = organisation(session)
    top = units[0]
    assert [(one.name, one.people_count) for one in (top, *top.units)] == [
        ("总部", 8), ("财务部", 1), ("信息技术部", 2), ("渠道部", 2), ("人力资源部", 1), ("市场部", 1),
    ]  # fmt: skip
    assert all(one.head is not None for one in (top, *top.units))
    channel = next(one for one in top.units if one.name == "渠道部")
    assert [(one.name, one.head.position) for one in channel.units if one.head] == [("销售一组", "大区销售经理")]
    assert count(User, User.email.like("%@demo.example"), User.department_id.is_not(None), User.position.is_(None)) == 0


@pytest.mark.parametrize("size", [DemoSize(0, 0, 0), DemoSize(5, 0, 0), DemoSize(14, 3, 0)])
def test_a_small_load_has_those_for_whom_there_is_a_partner(empty, size):
    load_demo(ADMIN, size)

    assert count(Invite) == 8
    assert count(Application) >= 3
    assert broken() == []


# --- how it comes out ---


def test_all_of_it_goes_and_the_brands_own_departments_and_people_stay(empty):
    with unit_of_work(ADMIN) as session:
        stated = {"code": ["OWN", "OWN-1"], "name": ["自有", "自有一部"], "parent": [None, "OWN"]}
        stated |= {"manager": [LING.person, None]}
        save_departments(session, Drafts([1, 2], stated), SaveOptions()).or_refuse()
        placed = {"email": [LING.person], "department": ["OWN-1"], "position": ["经理"]}
        save_users(session, Drafts([1], placed), SaveOptions()).or_refuse()
    before, ling = table_counts(), one(User, User.email == LING.person)
    load_demo(ADMIN, SIZE)

    clear_demo(ADMIN)

    assert table_counts() | {"events": 0} == before | {"events": 0}
    after = one(User, User.email == LING.person)
    assert (after.department_id, after.position, after.version) == (ling.department_id, "经理", ling.version)
    with reading(ADMIN) as session:
        assert session.scalars(select(Department.code).order_by(Department.code)).all() == ["OWN", "OWN-1"]


def test_what_was_decided_about_demo_applications_goes_with_them(loaded):
    application = one(Application, Application.status == "under_review")
    request = one(AffiliationRequest, AffiliationRequest.status == "under_review")
    with unit_of_work(LING) as session:
        return_application(session, application.number, "请补充地址")
        approve_affiliation(session, request.number)

    clear_demo(ADMIN)

    history = {"events": 0, "approval_cases": 2, "approval_steps": 2, "approval_decisions": 2}  # never removed
    assert table_counts() | {"events": 0} == loaded.counts_before | history


def test_a_demo_case_that_one_of_two_has_decided_ends_when_the_demo_is_cleared(loaded):
    with reading(ADMIN) as session:
        owner = actor_of_person(session, HUA)
    asked = (AffiliationRequest.status == "asked", AffiliationRequest.to_upstream_id == owner.partner_id)
    request = one(AffiliationRequest, *asked)
    with unit_of_work(owner) as session:
        agree_to_affiliation(session, request.number)
    case = one(ApprovalCase, ApprovalCase.key == request.number)
    assert (case.status, count(ApprovalDecision, ApprovalDecision.case_id == case.id)) == ("open", 1)

    clear_demo(ADMIN)

    assert one(ApprovalCase, ApprovalCase.id == case.id).status == "withdrawn"
    assert count(ApprovalStep, ApprovalStep.state == "waiting") == 0
    assert broken() == []


def test_a_real_person_in_a_demo_department_keeps_everything_in_place_and_is_named(loaded):
    with unit_of_work(ADMIN) as session:
        placed = {"email": [LING.person], "department": ["QH-CW"]}
        save_users(session, Drafts([1], placed), SaveOptions()).or_refuse()
    before = table_counts()

    with pytest.raises(Conflict) as refused:
        clear_demo(ADMIN)

    assert f"users {LING.person} → departments QH-CW" in refused.value.text
    assert table_counts() == before


def test_an_application_that_is_there_keeps_demo_data_out(empty):
    with unit_of_work(ADMIN) as session:
        session.add(Application(number="AP-1", status="draft", stated={}, waits_since=now() - timedelta(days=1)))

    with pytest.raises(Conflict) as refused:
        load_demo(ADMIN, SIZE)

    assert "applications 1" in refused.value.text
    assert count(Event, Event.action == "demo.loaded") == 0
