"""Applications as the applicant makes them: drafts that are kept as typed, and what a submission does."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.clock import freeze
from core.database.retention import purge_slice
from core.database.sessions import reading
from models.partners.applications import Application, ApplicationStatus
from models.partners.invites import Invite
from models.partners.partners import Partner
from resources.partners import PARTNERS
from services.applications.applicant import (
    RETENTION,
    attach_licence,
    begin_application,
    number_held,
    save_draft,
    submit_application,
    withdraw_application,
)
from services.applications.approval import approve_application, return_application
from services.applications.drafts import KINDS, read_texts
from services.applications.owners import welcome_link
from services.applications.upstreams import proposed_upstreams
from services.installation.checks import broken_invariants
from tests.conftest import ADMIN, BEIFANG_CLERK, HUADONG, HUADONG_OWNER, HUADONG_PATH, LING, MEI, SUZHOU_CLERK, WEI
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
    rows,
    stored,
    submitted,
    told,
)
from tests.services.orders.support import save

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)


def test_a_draft_keeps_what_was_typed_and_reads_what_can_be_read(database):
    number = begun(phone="not yet", uscc="91350100m000100y43")

    kept = stored(number)
    assert (kept.stated["phone"], kept.phone) == ("not yet", None)
    assert (kept.stated["uscc"], kept.uscc) == ("91350100m000100y43", "91350100M000100Y43")
    assert (kept.email, kept.region, kept.status) == ("wang@example.com", "320508", "draft")


def test_who_holds_the_link_comes_back_to_the_draft_and_nobody_else_does(database):
    begun_now = act(APPLICANT, begin_application, {"name": "a"})

    assert act(APPLICANT, number_held, begun_now.token) == begun_now.number
    for wrong in ("", "x", begun_now.token[:-1], begun_now.number):
        refused("applications.link_not_valid", APPLICANT, number_held, wrong)
    assert begun_now.token not in str(stored(begun_now.number).__dict__)


def test_what_is_wrong_is_said_beside_its_field_and_kept_all_the_same(database):
    number = begun()
    wrong = {"uscc": "91350100M000100Y4Z", "phone": "12", "email": "me", "region": "浙江省", "tier": "king"}

    problems = act(APPLICANT, save_draft, number, wrong, 3)

    assert {name: problem.code for name, problem in problems.items()} == {
        "uscc": "uscc.check_digit",
        "phone": "phone.invalid",
        "email": "email.invalid",
        "region": "applications.region_too_large",
        "tier": "choice.unknown",
    }
    assert {name: stored(number).stated[name] for name in wrong} == wrong


def test_an_unfinished_application_is_not_submitted_and_says_what_is_missing(database):
    number = act(APPLICANT, begin_application, {"tier": "dealer"}).number

    error = refused("applications.incomplete", APPLICANT, submit_application, number, consent=True)

    assert set(error.fields) == {"region", "name", "contact", "phone", "email", "uscc", "licence"}
    assert (stored(number).status, stored(number).partner_id, rows(Partner)) == ("draft", None, 3)


def test_a_person_needs_neither_code_nor_licence(database):
    number = act(APPLICANT, begin_application, PERSON).number

    act(APPLICANT, submit_application, number, consent=True)

    assert (stored(number).status, partner_of(number).tier) == ("under_review", "micro_merchant")


def test_without_consent_nothing_is_submitted(database):
    number = begun()

    error = refused("applications.consent_needed", APPLICANT, submit_application, number, consent=False)

    assert list(error.fields) == ["consent"]
    assert (stored(number).status, rows(Partner)) == ("draft", 3)


def test_by_invite_it_waits_for_that_upstream_and_stands_under_it(database):
    with freeze(NOON):
        number = invited()

    own, its_partner = stored(number), partner_of(number)
    assert (own.status, own.upstream_id, own.due_at) == ("submitted", HUADONG, NOON + timedelta(days=3))
    assert (its_partner.status, its_partner.upstream_id) == ("applied", HUADONG)
    assert its_partner.path.startswith(HUADONG_PATH)
    assert own.path == its_partner.path
    assert (its_partner.name, its_partner.uscc, its_partner.phone) == (COMPANY["name"], COMPANY["uscc"], "13800138000")
    assert told(number) == ["begun", "submitted"]
    with reading(ADMIN) as session:
        assert session.scalars(select(Invite.used_count)).all() == [1]
        assert broken_invariants(session) == []


def test_without_an_upstream_it_waits_for_the_brand_at_once(database):
    with freeze(NOON):
        number = submitted()

    own = stored(number)
    assert (own.status, own.upstream_id, own.due_at) == ("under_review", None, NOON + timedelta(days=2))
    assert (partner_of(number).status, partner_of(number).upstream_id) == ("under_review", None)


def test_an_invite_that_is_used_up_at_the_last_moment_changes_nothing(database):
    code = invite(uses_max=1).code
    first, second = begun(invite=code), begun({**COMPANY, "email": "b@example.com"}, invite=code)
    act(APPLICANT, submit_application, first, consent=True)
    partners = rows(Partner)

    refused("invites.used_up", APPLICANT, submit_application, second, consent=True)

    assert (stored(second).status, stored(second).partner_id, rows(Partner)) == ("draft", None, partners)


def test_a_draft_is_seen_by_the_brand_and_by_no_partner(database):
    draft, waiting = begun(), invited()

    for actor, seen in (
        (LING, {draft, waiting}),
        (WEI, {draft, waiting}),
        (HUADONG_OWNER, {waiting}),
        (SUZHOU_CLERK, set()),
        (BEIFANG_CLERK, set()),
        (MEI, set()),
    ):
        with reading(actor) as session:
            assert set(session.scalars(select(Application.number))) == seen, actor.name


def test_upstreams_are_proposed_by_county_then_city_then_province(database):
    save(PARTNERS, LING, {"code": "HD", "region": "320000"}, {"code": "SZ", "region": "320508"})
    save(
        PARTNERS,
        LING,
        {"code": "A1", "name": "同城", "tier": "agent_2", "region": "320505"},
        {"code": "A2", "name": "外省", "tier": "agent_2", "region": "330106"},
        {"code": "A3", "name": "冻结", "tier": "agent_2", "region": "320508", "status": "frozen"},
        {"code": "A4", "name": "门店", "tier": "store", "region": "320508"},
    )

    with reading(APPLICANT) as session:
        found = proposed_upstreams(session, "dealer", "320508")

    assert [(one.code, one.city) for one in found] == [
        ("SZ", "江苏省 苏州市"),
        ("A1", "江苏省 苏州市"),
        ("HD", "江苏省"),
    ]


def test_only_a_proposed_upstream_can_be_chosen(database):
    save(PARTNERS, LING, {"code": "SZ", "region": "320508"})

    chosen = submitted(upstream="SZ")
    stranger = begun({**COMPANY, "email": "b@example.com"}, upstream="BF")

    assert stored(chosen).upstream_id == 2
    error = refused("applications.upstream_not_proposed", APPLICANT, submit_application, stranger, consent=True)
    assert list(error.fields) == ["upstream"]


def test_a_licence_that_is_no_picture_is_refused_and_the_draft_stays(database):
    number = begun()
    before = stored(number).licence_sha256

    refused("pictures.reference_not_valid", APPLICANT, attach_licence, number, "forged")

    assert stored(number).licence_sha256 == before
    assert act(APPLICANT, attach_licence, number, "") == ""
    assert stored(number).licence_sha256 is None


def test_what_is_submitted_cannot_be_changed_until_it_is_returned(database):
    number = invited()

    refused("applications.wrong_status", APPLICANT, save_draft, number, {"name": "other"})
    refused("applications.wrong_status", APPLICANT, attach_licence, number, "")
    refused("applications.wrong_status", APPLICANT, submit_application, number, consent=True)
    assert stored(number).name == COMPANY["name"]


@pytest.mark.parametrize(
    ("changed", "is_asked"),
    [
        ({}, False),
        ({"phone": "13900139000", "contact": "王芳", "address": "平江路 2 号"}, False),
        ({"name": "另一家商贸有限公司"}, True),
        ({"region": "320509"}, True),
    ],
    ids=["nothing", "who to call", "who it is", "where"],
)
def test_after_a_return_the_upstream_is_asked_again_only_if_what_it_said_yes_to_has_changed(
    database, changed, is_asked
):
    number = confirmed()
    act(LING, return_application, number, "执照看不清")

    act(APPLICANT, save_draft, number, changed, 4)
    act(APPLICANT, submit_application, number, consent=False)

    again = stored(number)
    expected = ("submitted", None, None, "applied") if is_asked else ("under_review", "confirmed", True, "under_review")
    told_at = again.upstream_at and again.upstream_at < again.submitted_at
    assert (again.status, again.upstream_word, told_at, partner_of(number).status) == expected
    if not is_asked:
        act(LING, approve_application, number)
        assert partner_of(number).status == "active"
    with reading(ADMIN) as session:
        assert broken_invariants(session) == []


def test_what_is_taken_back_closes_its_partner_and_ends(database):
    number = invited()

    act(APPLICANT, withdraw_application, number)

    assert (stored(number).status, partner_of(number).status) == ("withdrawn", "closed")
    refused("applications.already_decided", APPLICANT, withdraw_application, number)


def test_only_an_approved_applicant_gets_a_link_to_choose_a_password(database):
    waiting = confirmed()
    refused("applications.no_account_waits", APPLICANT, welcome_link, waiting)

    done = approved({**COMPANY, "email": "b@example.com", "name": "另一家公司"})

    assert act(APPLICANT, welcome_link, done).startswith("/password?token=")
    refused("access.denied", LING, welcome_link, done)


def test_a_partners_people_fill_in_no_applications(database):
    number = begun()

    for actor in (HUADONG_OWNER, SUZHOU_CLERK, MEI):
        refused("access.denied", actor, begin_application, COMPANY)
        refused("access.denied", actor, save_draft, number, {"name": "x"})
        refused("access.denied", actor, submit_application, number, consent=True)
        refused("access.denied", actor, withdraw_application, number)
    assert stored(number).status == "draft"


def test_drafts_that_nobody_comes_back_to_are_forgotten_and_submitted_ones_are_not(database):
    with freeze(NOON):
        begun()
        waiting = invited()
    with freeze(NOON + timedelta(days=59)):
        assert act(ADMIN, purge_slice, RETENTION) == 0
    with freeze(NOON + timedelta(days=61)):
        assert act(ADMIN, purge_slice, RETENTION) == 1

    with reading(ADMIN) as session:
        assert list(session.scalars(select(Application.number))) == [waiting]


@given(st.dictionaries(st.sampled_from(sorted(KINDS)), st.text(max_size=40)))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_typed_is_read_or_has_a_reason(stated):
    values, problems = read_texts(stated)

    assert set(values) == set(stated)
    assert all(values[name] is None for name in problems)
    assert {status.value for status in ApplicationStatus} >= {"draft", "submitted"}
