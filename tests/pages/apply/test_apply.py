"""Queries of the applicant's pages, without a browser: anonymous requests are counted, upstreams reveal little."""

import pytest

from core.database.sessions import reading
from pages.applications._queries import coverage_text, inbox_item, read_application_facts
from pages.applications.timeline import application_steps, awaited_text
from pages.apply._queries import read_application, read_fixed_upstream, read_inviter, read_proposals
from pages.apply.visitor import count_visit
from resources.partners import PARTNERS
from services.applications.applicant import begin_application
from services.applications.approval import assign_upstream, return_application
from services.applications.owners import owner_link
from services.applications.queues import applications_in_view, view_counts
from services.approvals.worklist import waiting_count
from tests.conftest import HUADONG_OWNER, LING, WEI
from tests.services.applications.support import (
    APPLICANT,
    COMPANY,
    act,
    approved,
    begun,
    confirmed,
    invite,
    invited,
    refused,
    stored,
    submitted,
)
from tests.services.orders.support import save


def test_one_address_may_send_sixty_anonymous_requests_a_minute_and_others_are_not_held_up(database):
    for _ in range(60):
        act(APPLICANT, count_visit, "192.0.2.1")

    refused("sign_in.wait", APPLICANT, count_visit, "192.0.2.1")
    act(APPLICANT, count_visit, "192.0.2.2")


def test_of_inviters_and_proposals_only_name_tier_and_city_are_shown(database):
    save(PARTNERS, LING, {"code": "SZ", "region": "320508", "phone": "13800138000", "contact": "秘密"})
    code = invite(partner="SZ").code

    with reading(APPLICANT) as session:
        words = [read_inviter(session, code).by, *read_proposals(session, "dealer", "320508").values()]

    assert words == ["苏州代理 · 一级代理 · 江苏省 苏州市"] * 2


def test_a_returned_application_still_knows_its_invite_though_that_is_used_up(database):
    number = confirmed()
    act(LING, return_application, number, "x")

    with reading(APPLICANT) as session:
        kept = read_fixed_upstream(session, stored(number))

    assert kept is not None
    assert kept.by.startswith("华东总代")


def test_what_the_brand_assigned_is_shown_instead_of_an_invite(database):
    number = confirmed()
    act(LING, assign_upstream, number, "SZ")

    with reading(APPLICANT) as session:
        kept = read_fixed_upstream(session, stored(number))

    assert kept is not None
    assert (kept.is_assigned, kept.code, kept.by.split(" · ")[0]) == (True, "", "苏州代理")


def test_the_inbox_shows_to_each_what_waits_for_them_and_counts_the_same(database):
    to_confirm, to_decide = invited(), confirmed({**COMPANY, "email": "b@example.com"})
    begun({**COMPANY, "email": "c@example.com"})

    for actor, mine in ((HUADONG_OWNER, [to_confirm]), (LING, [to_decide]), (WEI, [])):
        with reading(actor) as session:
            assert [one.number for one in applications_in_view(session, "", 200)] == mine, actor.name
            assert waiting_count(session, "applications") == view_counts(session)[""] == len(mine)
            assert [inbox_item(one).key for one in applications_in_view(session, "", 200)] == mine


def test_a_held_application_says_who_is_awaited(database):
    begun_now = act(APPLICANT, begin_application, {"tier": "dealer"})

    with reading(APPLICANT) as session:
        held = read_application(session, begun_now.token)

    assert (held.application.number, held.upstream, held.account) == (begun_now.number, "", "")
    assert awaited_text(held.application, "") == ""
    assert [step.state for step in application_steps(held.application, "")] == ["current", "open", "open"]


def test_only_who_decides_is_shown_hints_and_may_make_a_link_for_the_new_owner(database):
    save(PARTNERS, LING, {"code": "P1", "name": COMPANY["name"], "tier": "dealer"})
    number = invited()

    for actor, hints in ((LING, 1), (HUADONG_OWNER, 0)):
        with reading(actor) as session:
            assert len(read_application_facts(session, number).duplicates) == hints
    done = approved({**COMPANY, "email": "b@example.com"})
    assert owner_link(LING, done).startswith("/password?token=")
    with pytest.raises(Exception, match=r"access\.denied"):
        owner_link(HUADONG_OWNER, done)


@pytest.mark.parametrize(
    ("stated", "covering", "words"),
    [
        ("320508", "320000", "江苏省"),
        ("320508", "320505", "同市不同区县"),
        ("320508", "320211", "同省"),
        ("320508", "330106", "不同省"),
        ("320508", None, "未知"),
    ],
)
def test_an_upstreams_region_is_compared_with_the_applicants(stated, covering, words):
    assert words in coverage_text(stated, covering)


def test_a_number_is_read_by_who_may_see_it_only(database):
    number = submitted()

    with reading(HUADONG_OWNER) as session, pytest.raises(Exception, match=r"applications\.not_found"):
        read_application_facts(session, number)
