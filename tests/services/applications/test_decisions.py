"""What others decide about applications: each once, by somebody else, with a reason; nobody waits in silence."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from core.access import Actor
from core.clock import freeze
from core.database.sessions import reading
from core.errors import DomainError
from core.events.log import Event
from core.jobs.worker import JobRun
from core.permissions import Role
from jobs.applications import carry_applications_on
from models.accounts.users import User
from models.partners.partners import Affiliation, Partner
from resources.partners import PARTNERS
from services.applications.applicant import begin_application, save_draft, submit_application, withdraw_application
from services.applications.approval import (
    approve_application,
    assign_upstream,
    confirm_application,
    decline_application,
    reject_application,
    return_application,
)
from services.applications.hints import alikeness, duplicates_of, findings_of, plain_name
from services.installation.checks import broken_invariants
from tests.conftest import ADMIN, HUADONG, HUADONG_CLERK, HUADONG_OWNER, LING, MEI, SUZHOU, WEI
from tests.services.applications.support import (
    APPLICANT,
    COMPANY,
    PERSON,
    act,
    approved,
    begun,
    confirmed,
    invite,
    invited,
    partner_of,
    refused,
    stored,
    submitted,
    told,
)
from tests.services.orders.support import save
from tests.support.schedules import interleave, some_schedules

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
SUZHOU_OWNER = Actor("owner@sz", Role.PARTNER_OWNER, "owner@sz", None, SUZHOU, "000001000002", language="en")
BEIFANG_OWNER = Actor("owner@bf", Role.PARTNER_OWNER, "owner@bf", None, 3, "000003", language="en")
DECIDED = {"applications.already_decided", "applications.wrong_status"}


def carry_on() -> None:
    carry_applications_on(JobRun(1, Actor("worker", Role.ADMINISTRATOR, source="job"), "test"))


def test_the_upstreams_owner_confirms_and_the_brand_has_two_days(database):
    with freeze(NOON):
        number = invited()
        act(HUADONG_OWNER, confirm_application, number, "老客户")

    own = stored(number)
    assert (own.status, own.upstream_word, own.upstream_note) == ("under_review", "confirmed", "老客户")
    assert (own.upstream_by, own.upstream_at, own.due_at) == (HUADONG_OWNER.person, NOON, NOON + timedelta(days=2))
    assert partner_of(number).status == "under_review"


@pytest.mark.parametrize("actor", [SUZHOU_OWNER, BEIFANG_OWNER, HUADONG_CLERK, WEI])
def test_nobody_else_answers_for_an_upstream(database, actor):
    number = invited()

    with pytest.raises(DomainError) as caught:
        act(actor, confirm_application, number)

    assert caught.value.code in {"applications.not_found", "access.denied", "applications.not_your_downstream"}
    assert stored(number).status == "submitted"


def test_an_upper_agent_does_not_answer_for_the_one_below(database):
    number = submitted(invite=invite(partner="SZ").code)

    refused("applications.not_your_downstream", HUADONG_OWNER, confirm_application, number)
    act(SUZHOU_OWNER, confirm_application, number)

    assert stored(number).upstream_word == "confirmed"


def test_operations_confirms_on_behalf_only_with_a_note(database):
    number = invited()
    refused("applications.reason_required", LING, confirm_application, number)

    act(LING, confirm_application, number, "电话确认")

    assert (stored(number).upstream_word, stored(number).upstream_by) == ("on_behalf", LING.person)


def test_a_declining_upstream_says_why_and_the_brand_decides(database):
    number = invited()
    refused("applications.reason_required", HUADONG_OWNER, decline_application, number, " ")

    act(HUADONG_OWNER, decline_application, number, "不认识")

    assert (stored(number).status, stored(number).upstream_word) == ("under_review", "declined")
    assert stored(number).upstream_note == "不认识"


def test_approval_makes_an_active_partner_with_an_invited_owner(database):
    with freeze(NOON):
        number = confirmed()
    with freeze(NOON + timedelta(days=1)):
        act(LING, approve_application, number, "欢迎")

    own, its_partner = stored(number), partner_of(number)
    assert (own.status, own.decided_by, own.due_at) == ("approved", LING.person, None)
    assert (its_partner.status, its_partner.valid_from.isoformat()) == ("active", "2026-11-23")
    with reading(ADMIN) as session:
        user = session.scalars(select(User).where(User.email == "wang@example.com")).one()
        since = session.scalars(select(Affiliation.valid_from).where(Affiliation.partner_id == its_partner.id)).all()
        decided = session.scalars(select(Event).where(Event.action == "application.approved")).one()
        assert broken_invariants(session) == []
    assert (user.role, user.status, user.path, user.language) == ("partner_owner", "invited", its_partner.path, "zh_CN")
    assert [day.isoformat() for day in since] == ["2026-11-23"]
    assert decided.data == {"reason": "欢迎", "seen_version": own.version - 1, "upstream_word": "confirmed"}
    assert told(number) == ["begun", "submitted", "confirmed", "approved"]


@pytest.mark.parametrize(("approver", "limit_cents"), [(LING, 0), (ADMIN, None)])
def test_who_may_not_set_limits_lets_nobody_in_with_credit(database, approver, limit_cents):
    with freeze(NOON):
        number = confirmed()
        act(approver, approve_application, number)

    assert (partner_of(number).status, partner_of(number).credit_limit_cents) == ("active", limit_cents)


def test_a_limit_that_finance_sets_before_the_approval_stays(database):
    with freeze(NOON):
        number = confirmed()
        save(PARTNERS, MEI, {"code": partner_of(number).code, "credit_limit": "500"})
        act(LING, approve_application, number)

    assert partner_of(number).credit_limit_cents == 500_00


def test_a_second_decision_is_told_who_decided_and_when(database):
    with freeze(NOON):
        number = approved()

    error = refused("applications.already_decided", ADMIN, reject_application, number, "zu spät")

    assert error.problem.values == {"number": number, "who": LING.person, "when": "2026-11-22 12:00"}
    assert partner_of(number).status == "active"


def test_a_returned_application_is_changed_and_submitted_again_without_using_the_invite_twice(database):
    number = confirmed()
    refused("applications.reason_required", LING, return_application, number, "")
    act(LING, return_application, number, "执照看不清")
    assert (stored(number).status, stored(number).reason, partner_of(number).status) == (
        "returned",
        "执照看不清",
        "applied",
    )

    act(APPLICANT, save_draft, number, {"name": "姑苏恒源贸易有限公司"}, 4)
    act(APPLICANT, submit_application, number, consent=False)

    assert (stored(number).status, stored(number).reason) == ("submitted", None)
    assert partner_of(number).name == "姑苏恒源贸易有限公司"
    assert told(number) == ["begun", "submitted", "confirmed", "returned", "submitted"]
    with reading(ADMIN) as session:
        assert len(session.scalars(select(Partner.id).where(Partner.upstream_id == HUADONG)).all()) == 2
        assert broken_invariants(session) == []


def test_a_refused_one_closes_its_partner_and_ends(database):
    number = confirmed()

    act(LING, reject_application, number, "区域已满")

    assert (stored(number).status, partner_of(number).status) == ("refused", "closed")
    refused("applications.already_decided", APPLICANT, save_draft, number, {"name": "x"})
    refused("applications.already_decided", LING, approve_application, number)


@pytest.mark.parametrize("actor", [WEI, HUADONG_OWNER, SUZHOU_OWNER])
def test_who_may_not_decide_changes_nothing(database, actor):
    number = confirmed()

    for step, arguments in (
        (approve_application, ()),
        (reject_application, ("x",)),
        (return_application, ("x",)),
        (assign_upstream, ("SZ",)),
    ):
        refused("access.denied", actor, step, number, *arguments)
    assert (stored(number).status, partner_of(number).status) == ("under_review", "under_review")


def test_nobody_decides_what_they_entered_or_applied_for_themselves(database):
    number = act(LING, begin_application, PERSON).number
    act(LING, submit_application, number, consent=True)
    own_email = submitted({**PERSON, "email": LING.person})

    refused("applications.own_application", LING, approve_application, number)
    refused("applications.own_application", LING, approve_application, own_email)
    act(ADMIN, approve_application, number)

    assert (stored(number).status, stored(own_email).status) == ("approved", "under_review")


def test_a_form_with_an_older_version_is_refused(database):
    number = confirmed()
    seen = stored(number).version
    act(LING, return_application, number, "a", version=seen)
    act(APPLICANT, submit_application, number, consent=True)

    refused("applications.changed_meanwhile", LING, approve_application, number, version=seen)


def test_an_e_mail_that_has_an_account_already_is_not_approved(database):
    number = submitted({**PERSON, "email": HUADONG_OWNER.person})

    refused("applications.email_taken", LING, approve_application, number)

    assert (stored(number).status, partner_of(number).status) == ("under_review", "under_review")


def test_nobody_is_put_under_an_upstream_that_stopped_being_active(database):
    number = confirmed()
    save(PARTNERS, LING, {"code": "HD", "status": "frozen"})

    refused("applications.upstream_not_active", LING, approve_application, number)

    assert stored(number).status == "under_review"


def test_the_brand_assigns_an_upstream_which_is_asked_first(database):
    number = submitted()

    act(LING, assign_upstream, number, "SZ", "离得近")

    assert (stored(number).status, stored(number).upstream_id, partner_of(number).upstream_id) == ("submitted", 2, 2)
    act(SUZHOU_OWNER, confirm_application, number)
    act(LING, return_application, number, "x")
    act(APPLICANT, submit_application, number, consent=True)
    assert stored(number).upstream_id == SUZHOU  # what the brand said stands
    with reading(ADMIN) as session:
        assert broken_invariants(session) == []


def test_an_upstream_whose_tier_does_not_fit_is_not_assigned(database):
    number = submitted({**COMPANY, "tier": "agent_1"})

    refused("partners.tier_not_allowed", LING, assign_upstream, number, "SZ")
    refused("partners.not_found", LING, assign_upstream, number, "NOPE")

    assert stored(number).upstream_id is None


def test_an_upstream_that_does_not_answer_in_three_days_is_passed_over_and_that_is_recorded(database):
    with freeze(NOON):
        number = invited()
    with freeze(NOON + timedelta(days=3) - timedelta(seconds=1)):
        carry_on()
        assert stored(number).status == "submitted"
    with freeze(NOON + timedelta(days=3)):
        carry_on()
        carry_on()

    assert (stored(number).status, stored(number).upstream_word) == ("under_review", "no_answer")
    assert told(number) == ["begun", "submitted", "unanswered"]


def test_a_reviewer_is_shown_who_may_be_the_same(database):
    save(
        PARTNERS,
        ADMIN,
        {"code": "P1", "name": "某公司", "tier": "dealer", "uscc": COMPANY["uscc"]},
        {"code": "P2", "name": "别的", "tier": "dealer", "phone": "13800138000"},
        {"code": "P3", "name": "恒源（苏州）商贸有限责任公司", "tier": "dealer"},
        {"code": "P4", "name": "苏州万隆商贸有限公司", "tier": "dealer"},
    )
    number = submitted({**COMPANY, "name": "苏州市恒源商贸有限公司"})

    with reading(LING) as session:
        found = [(one.code, one.why.code) for one in duplicates_of(session, stored(number))]
    assert found == [
        ("P1", "applications.same_uscc"),
        ("P2", "applications.same_phone"),
        ("P3", "applications.near_name"),
    ]
    with reading(HUADONG_OWNER) as session, pytest.raises(DomainError):
        duplicates_of(session, stored(number))


def test_what_does_not_fit_is_said_to_the_reviewer(database):
    number = submitted({**COMPANY, "phone": "051288886666", "email": HUADONG_OWNER.person})

    with reading(LING) as session:
        found = [one.code for one in findings_of(session, stored(number))]

    assert found == ["applications.other_region", "applications.no_mobile", "applications.email_taken"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("恒源（苏州）商贸有限公司", "苏州市恒源贸易公司"),
        ("杭州西湖龙井茶叶有限公司", "龙井茶叶（杭州）有限责任公司"),
        ("Suzhou Hengyuan Trading Co., Ltd.", "SUZHOU HENGYUAN LIMITED"),
    ],
)
def test_names_that_differ_in_place_and_legal_form_only_are_alike(one, other):
    assert alikeness(one, other) >= 84


def test_a_name_of_nothing_but_its_legal_form_is_still_a_name():
    assert plain_name("有限公司") == "有限公司"
    assert plain_name("") == ""
    assert alikeness("苏州恒源商贸有限公司", "苏州万隆商贸有限公司") < 84


RACES = {
    "approve and refuse": (
        confirmed,
        (LING, approve_application, ()),
        (ADMIN, reject_application, ("no",)),
    ),
    "confirm and withdraw": (
        invited,
        (HUADONG_OWNER, confirm_application, ()),
        (APPLICANT, withdraw_application, ()),
    ),
    "confirm and decline": (
        invited,
        (HUADONG_OWNER, confirm_application, ()),
        (LING, reject_application, ("no",)),
    ),
}


@pytest.mark.parametrize("name", ["approve and refuse"])
def test_of_two_decisions_at_once_one_wins_and_the_other_is_told(database, name):
    begin, *steps = RACES[name]
    for count, schedule in enumerate(some_schedules(12 if database.dialect.name == "postgresql" else 3, seed=11)):
        number = begin({**COMPANY, "email": f"race{count}@example.com"})

        ran = interleave(
            database,
            schedule,
            *[
                lambda actor=actor, step=step, rest=rest, number=number: act(actor, step, number, *rest)
                for actor, step, rest in steps
            ],
        )

        errors = [one.error for one in ran if one.error is not None]
        assert [getattr(error, "code", repr(error)) for error in errors] == ["applications.already_decided"], schedule
        wins = {"approved": "active", "refused": "closed"}
        assert partner_of(number).status == wins[stored(number).status]


@pytest.mark.parametrize("name", ["confirm and withdraw", "confirm and decline"])
def test_the_upstreams_word_and_the_end_of_an_application_never_leave_it_half_way(database, name):
    begin, *steps = RACES[name]
    for schedule in some_schedules(12 if database.dialect.name == "postgresql" else 3, seed=12):
        number = begin()

        ran = interleave(
            database,
            schedule,
            *[
                lambda actor=actor, step=step, rest=rest, number=number: act(actor, step, number, *rest)
                for actor, step, rest in steps
            ],
        )

        codes = {getattr(one.error, "code", repr(one.error)) for one in ran if one.error is not None}
        assert codes <= DECIDED, (schedule, codes)
        assert (stored(number).status, partner_of(number).status) in {
            ("withdrawn", "closed"),
            ("refused", "closed"),
        }, schedule
    with reading(ADMIN) as session:
        assert broken_invariants(session) == []


def test_a_draft_is_no_ones_to_decide(database):
    number = begun()

    refused("applications.wrong_status", LING, approve_application, number)
    refused("applications.wrong_status", LING, reject_application, number, "x")
