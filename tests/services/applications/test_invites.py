"""Invites: made for one's own branch, used so many times, until a moment; whoever holds a wrong one is told plainly."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from core.clock import freeze
from core.database.sessions import reading
from models.partners.invites import Invite
from models.partners.partners import Partner
from services.applications.invites import (
    ALPHABET,
    InviteDraft,
    find_invite,
    invite_path,
    make_invite,
    plain_code,
    require_invite,
    revoke_invites,
    tiers_below,
    use_invite,
)
from services.applications.states import reception
from tests.conftest import ADMIN, BEIFANG_CLERK, HUADONG, HUADONG_CLERK, HUADONG_OWNER, HUADONG_PATH, LING, MEI
from tests.services.applications.support import act, invite, refused, rows
from tests.support.schedules import interleave, some_schedules

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
ANYONE = reception()


def test_a_partners_owner_invites_to_stand_under_its_own_partner(database):
    with freeze(NOON):
        made = invite(tiers=("dealer", "store"), uses_max=3, days=7, note="展会")

    assert (made.partner_id, made.path, made.tier_codes) == (HUADONG, HUADONG_PATH, ("dealer", "store"))
    assert (made.uses_max, made.used_count, made.expires_at) == (3, 0, NOON + timedelta(days=7))
    assert len(made.code) == 8
    assert set(made.code) <= set(ALPHABET)


def test_the_brand_invites_for_anyone_and_directly_under_itself(database):
    under_suzhou = invite(LING, partner="SZ")
    under_the_brand = invite(LING, ("master_agent",))

    assert (under_suzhou.partner_id, under_the_brand.partner_id, under_the_brand.path) == (2, None, "")


def test_an_owner_invites_for_its_branch_and_for_nobody_elses(database):
    assert invite(partner="SZ").partner_id == 2

    refused("partners.not_found", HUADONG_OWNER, make_invite, InviteDraft("BF", ("dealer",)))
    assert rows(Invite) == 1


@pytest.mark.parametrize("actor", [HUADONG_CLERK, BEIFANG_CLERK, MEI])
def test_who_may_not_make_invites_makes_and_sees_none(database, actor):
    code = invite().code

    refused("access.denied", actor, make_invite, InviteDraft(tiers=("dealer",)))
    refused("access.denied", actor, revoke_invites, [code])
    with reading(actor) as session:
        assert session.scalars(select(Invite)).all() == []


@pytest.mark.parametrize(
    ("draft", "code", "field"),
    [
        (InviteDraft(), "invites.no_tiers", "tiers"),
        (InviteDraft(tiers=("king",)), "invites.unknown_tier", "tiers"),
        (InviteDraft(tiers=("master_agent",)), "partners.tier_not_allowed", "tiers"),
        (InviteDraft(tiers=("dealer",), uses_max=0), "invites.uses_out_of_range", "uses_max"),
        (InviteDraft(tiers=("dealer",), days=366), "invites.days_out_of_range", "days"),
    ],
)
def test_an_invite_that_makes_no_sense_is_not_made(database, draft, code, field):
    error = refused(code, HUADONG_OWNER, make_invite, draft)

    assert list(error.fields) == [field]
    assert rows(Invite) == 0


def test_an_invite_leads_to_the_form_or_for_stores_only_to_where_a_store_registers(database):
    both, store = invite(tiers=("dealer", "store")), invite(tiers=("store",))

    assert invite_path(both) == f"/apply?invite={both.code}"
    assert invite_path(store) == f"/stores/register?invite={store.code}"


def test_a_code_is_read_however_it_is_typed(database):
    code = invite().code
    spoken = f" {code[:4].lower()}-{code[4:]} "

    assert act(ANYONE, find_invite, spoken).code == code
    assert plain_code("ａｂ－12") == "AB12"


def test_each_use_counts_until_it_is_used_up(database):
    code = invite(uses_max=2).code
    act(ANYONE, use_invite, code, "dealer")
    act(ANYONE, use_invite, code, "dealer")

    refused("invites.used_up", ANYONE, use_invite, code, "dealer")
    refused("invites.used_up", ANYONE, require_invite, code, "dealer")
    with reading(ADMIN) as session:
        assert session.scalars(select(Invite.used_count)).one() == 2


def test_an_expired_a_revoked_an_unknown_and_an_unfit_code_are_told_apart(database):
    with freeze(NOON):
        old, taken_back, good = invite(days=1).code, invite(days=30).code, invite(days=30).code
        act(HUADONG_OWNER, revoke_invites, [taken_back])
    with freeze(NOON + timedelta(days=1)):
        refused("invites.expired", ANYONE, require_invite, old, "dealer")
        refused("invites.revoked", ANYONE, require_invite, taken_back, "dealer")
        refused("invites.unknown", ANYONE, require_invite, "NEVERWAS", "dealer")
        refused("invites.tier_not_allowed", ANYONE, use_invite, good, "store")
        assert act(ANYONE, require_invite, good, "dealer").used_count == 0


def test_what_is_no_code_at_all_is_unknown_and_no_crash(database):
    for typed in ("", " ", "\x00", "'; DROP", "９" * 500, "🙂" * 8, "%"):
        refused("invites.unknown", ANYONE, find_invite, typed)


def test_a_frozen_partners_invites_hold_no_more(database):
    code = invite().code
    act(LING, _freeze, "HD")

    refused("invites.revoked", ANYONE, use_invite, code, "dealer")
    refused("invites.partner_not_active", HUADONG_OWNER, make_invite, InviteDraft(tiers=("dealer",)))


def test_a_foreign_invite_cannot_be_taken_back_and_looks_like_none(database):
    brands = invite(LING, ("dealer",)).code

    outcomes = act(HUADONG_OWNER, revoke_invites, [brands])

    assert [(one.key, one.problem.code) for one in outcomes] == [(brands, "invites.unknown")]
    assert act(ANYONE, find_invite, brands).revoked_at is None


def test_tiers_that_may_stand_below():
    assert tiers_below("store") == ["micro_merchant", "group_leader"]
    assert tiers_below(None)[0] == "master_agent"


def test_of_two_last_uses_at_once_one_wins(database):
    for schedule in some_schedules(20 if database.dialect.name == "postgresql" else 5, seed=7):
        code = invite().code

        ran = interleave(database, schedule, *[lambda: act(ANYONE, use_invite, code, "dealer") for _ in range(2)])  # noqa: B023

        errors = [one.error for one in ran if one.error is not None]
        assert [getattr(error, "code", error) for error in errors] == ["invites.used_up"], schedule
        assert act(ADMIN, _used, code) == 1


def _freeze(session, code):
    from_list = session.scalars(select(Partner).where(Partner.code == code)).one()
    from_list.status = "frozen"


def _used(session, code):
    return session.scalars(select(Invite.used_count).where(Invite.code == code)).one()
