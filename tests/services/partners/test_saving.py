"""Partners: stated in any row order, placed in the tree, moved with their branch; who stood where is kept."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.access import Actor
from core.database.paths import ancestor_ids, segment
from core.database.sessions import reading, unit_of_work
from core.drafts import draft_rows
from core.errors import NotPermitted
from core.permissions import Role
from models.customers import Customer
from models.partners.partners import Partner
from resources.customers import CUSTOMERS
from resources.partners import PARTNERS
from services.installation.checks import broken_invariants
from services.partners.affiliations import upstream_ids_on
from services.partners.tree import TreeNode, compute_paths
from services.saving.plans import Saved, SaveOptions
from tests.conftest import ADMIN, BEIFANG_CLERK, HUADONG, LING, MEI, SUZHOU, SUZHOU_CLERK

MARKETING = Actor("m@example.com", Role.MARKETING, "m@example.com", language="en")


def save(actor, *rows: dict, resource=PARTNERS) -> Saved:
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = {name: [row.get(name) for row in rows] for name in names}
    drafts, problems = draft_rows(resource.stated_fields, list(range(2, len(rows) + 2)), cells)
    with unit_of_work(actor) as session:
        saved = resource.save(session, drafts, SaveOptions())
    saved.problems = problems + saved.problems
    return saved


def partner(code: str) -> Partner:
    with reading(ADMIN) as session:
        return session.scalars(select(Partner).where(Partner.code == code)).one()


def all_is_well() -> bool:
    with reading(ADMIN) as session:
        return broken_invariants(session) == []


def test_an_upstream_may_stand_in_a_later_row(database):
    saved = save(
        LING,
        {"code": "D1", "name": "d", "tier": "dealer", "upstream": "A1"},
        {"code": "A1", "name": "a", "tier": "agent_1", "upstream": "M1"},
        {"code": "M1", "name": "m", "tier": "master_agent", "upstream": ""},
    )

    top, agent, dealer = partner("M1"), partner("A1"), partner("D1")
    assert (saved.created, saved.problems) == (3, [])
    assert ancestor_ids(dealer.path) == [top.id, agent.id, dealer.id]
    assert dealer.upstream_id == agent.id
    assert all_is_well()


def test_the_same_rows_again_write_nothing(database):
    rows = [
        {"code": "M1", "name": "m", "tier": "master_agent", "credit_limit": "1000"},
        {"code": "A1", "name": "a", "tier": "agent_1", "upstream": "M1", "valid_from": "2026-03-01"},
    ]
    save(ADMIN, *rows)

    saved = save(ADMIN, *rows)

    assert (saved.created, saved.updated, saved.unchanged) == (0, 0, 2)


def test_a_move_takes_the_branch_along_and_keeps_who_stood_where(database):
    save(LING, {"code": "D1", "name": "d", "tier": "dealer", "upstream": "SZ", "valid_from": "2026-02-01"})
    save(ADMIN, {"code": "C1", "name": "c", "partner": "D1"}, resource=CUSTOMERS)

    saved = save(LING, {"code": "SZ", "upstream": "BF", "valid_from": "2026-06-01"})

    dealer = partner("D1")
    with reading(ADMIN) as session:
        customer = session.scalars(select(Customer)).one()
        before = upstream_ids_on(session, dealer.id, date(2026, 5, 31))
        after = upstream_ids_on(session, dealer.id, date(2026, 6, 1))
    assert (saved.updated, saved.problems) == (1, [])
    assert ancestor_ids(dealer.path) == [3, SUZHOU, dealer.id]
    assert customer.path == dealer.path
    assert (before, after) == ([SUZHOU, HUADONG], [SUZHOU, 3])
    assert all_is_well()
    with reading(BEIFANG_CLERK) as session:
        assert session.scalar(select(Partner.code).where(Partner.code == "D1")) == "D1"


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"code": "X", "name": "x", "tier": "agent_1", "upstream": "NOPE"}, "partners.upstream_not_found"),
        ({"code": "X", "name": "x", "tier": "master_agent", "upstream": "HD"}, "partners.tier_not_allowed"),
        ({"code": "HD", "upstream": "SZ"}, "partners.cycle"),
        ({"code": "X", "name": "x", "tier": "agent_1", "upstream": "X"}, "partners.cycle"),
        ({"code": "HD", "status": "applied"}, "partners.wrong_status"),
        ({"code": "HD", "tier": "dealer"}, "partners.tier_not_allowed"),
        ({"code": "X", "name": "x"}, "fields.required"),
        ({"code": "HD", "uscc": "91350100M000100Y4Z"}, "uscc.check_digit"),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_changes_nothing(database, row, code):
    before = [partner(one).path for one in ("HD", "SZ", "BF")]

    saved = save(ADMIN, row)

    assert [problem.problem.code for problem in saved.problems] == [code]
    assert (saved.created, saved.updated) == (0, 0)
    assert [partner(one).path for one in ("HD", "SZ", "BF")] == before
    assert all_is_well()


def test_who_stands_under_a_refused_row_is_refused_with_it(database):
    saved = save(
        LING,
        {"code": "A1", "name": "a", "tier": "agent_1", "upstream": "NOPE"},
        {"code": "D1", "name": "d", "tier": "dealer", "upstream": "A1"},
        {"code": "M1", "name": "m", "tier": "master_agent"},
    )

    assert saved.created == 1
    assert [p.problem.code for p in saved.problems] == ["partners.upstream_not_found", "partners.upstream_refused"]


def test_a_credit_limit_is_changed_by_finance_and_not_by_operations(database):
    refused = save(LING, {"code": "HD", "credit_limit": "1"})
    kept = save(LING, {"code": "HD", "credit_limit": "1000000"})
    with pytest.raises(NotPermitted):
        save(MEI, {"code": "HD", "credit_limit": "2", "name": "mine"})
    unknown = save(MEI, {"code": "NEW", "credit_limit": "2"})

    saved = save(MEI, {"code": "HD", "credit_limit": ""})

    assert [p.problem.code for p in refused.problems] == ["partners.credit_not_permitted"]
    assert (kept.unchanged, kept.problems) == (1, [])
    assert {p.problem.code for p in unknown.problems} == {"fields.required"}
    assert (saved.updated, partner("HD").credit_limit_cents, partner("HD").name) == (1, None, "华东总代")


def test_who_may_not_edit_partners_changes_nothing(database):
    for actor in (SUZHOU_CLERK, MARKETING):
        with pytest.raises(NotPermitted):
            save(actor, {"code": "SZ", "name": "mine"})

    assert partner("SZ").name == "苏州代理"


@given(st.lists(st.integers(0, 7), min_size=1, max_size=8))
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_partner_gets_its_upstreams_path_or_a_reason(upstreams):
    stated = {
        f"P{i}": TreeNode(i + 1, "micro_merchant", f"P{above}" if above < len(upstreams) else None)
        for i, above in enumerate(upstreams)
    }

    placement = compute_paths(stated, {})

    assert set(placement.paths) | set(placement.problems) == set(stated)
    assert not set(placement.paths) & set(placement.problems)
    for code, path in placement.paths.items():
        above = stated[code].upstream
        assert path == (placement.paths[above] if above else "") + segment(stated[code].id)
    for code in placement.problems:
        seen = []
        walk: str | None = code
        while walk is not None and walk not in seen:
            seen.append(walk)
            walk = stated[walk].upstream
        assert walk is not None  # only circles are refused here


def test_a_new_partner_of_who_may_not_set_limits_has_none_until_finance_sets_one(database):
    row = {"name": "n", "tier": "master_agent"}
    save(
        LING,
        {"code": "N1", **row},
        {"code": "N2", **row, "credit_limit": ""},
        {"code": "N3", **row, "credit_limit": "0"},
    )
    refused = save(LING, {"code": "N4", **row, "credit_limit": "1"})
    save(ADMIN, {"code": "N5", **row}, {"code": "N6", **row, "credit_limit": "12"})

    assert [partner(code).credit_limit_cents for code in ("N1", "N2", "N3", "N5", "N6")] == [0, 0, 0, None, 12_00]
    assert [p.problem.code for p in refused.problems] == ["partners.credit_not_permitted"]
    save(MEI, {"code": "N1", "credit_limit": ""})
    again = save(LING, {"code": "N1", "name": "other"}, {"code": "N5", "name": "other"}, {"code": "HD", "name": "x"})
    assert (again.updated, again.problems) == (3, [])
    assert [partner(code).credit_limit_cents for code in ("N1", "N5", "HD")] == [None, None, 1_000_000_00]
