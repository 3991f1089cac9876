"""Departments: a tree, whatever order it is stated in; its people are counted, and nobody in it is lost."""

import pytest
from sqlalchemy import Engine, select

from core.database.sessions import reading, transact
from core.errors import DomainError, NotPermitted, RowsRefused
from core.events.log import Event
from core.i18n import use_language
from models.accounts.departments import Department
from services.organisation.departments import delete_departments, organisation
from tests.conftest import ADMIN, HUADONG_CLERK, HUADONG_OWNER, LING, MEI, WEI
from tests.pages.staff_rows import state_rows
from tests.support.schedules import interleave, some_schedules


def state(actor=ADMIN, **columns) -> None:
    state_rows("departments", columns, actor)


def parents() -> dict[str, str | None]:
    with reading(ADMIN) as session:
        codes = {one.id: one.code for one in session.scalars(select(Department))}
        return {one.code: codes.get(one.parent_id) for one in session.scalars(select(Department))}


def company() -> None:
    """A sales department with two regions, in an order that no one would choose."""
    state(
        code=["EAST-1", "EAST", "WEST", "SALES"],
        name=["上海", "华东", "华西", "销售部"],
        parent=["EAST", "SALES", "SALES", None],
        manager=[None, WEI.person, None, LING.person],
    )


def test_departments_come_in_any_order(database):
    company()

    assert parents() == {"SALES": None, "EAST": "SALES", "WEST": "SALES", "EAST-1": "EAST"}


def test_the_chart_counts_everyone_below_and_shows_who_is_nowhere(database):
    company()
    state_rows(
        "users",
        {
            "email": [WEI.person, MEI.person],
            "name": ["wei", "mei"],
            "role": ["sales", "finance"],
            "department": ["EAST-1", "SALES"],
            "position": ["城市经理", None],
        },
    )

    with reading(LING) as session:
        sales, rest = organisation(session)

    east = next(unit for unit in sales.units if unit.code == "EAST")
    assert (sales.people_count, east.people_count, east.units[0].people_count) == (2, 1, 1)
    assert (sales.head.name, east.head.email) == ("ling", WEI.person)
    assert [(one.name, one.position) for one in east.units[0].people] == [("wei", "城市经理")]
    assert (rest.code, [one.email for one in rest.people]) == ("", [ADMIN.person, LING.person])


@pytest.mark.parametrize("actor", [HUADONG_OWNER, HUADONG_CLERK])
def test_partners_see_nothing_of_the_brands_organisation(database, actor):
    company()

    with reading(actor) as session:
        assert session.scalars(select(Department)).all() == []
        with pytest.raises(NotPermitted):
            organisation(session)


def test_who_may_not_edit_the_organisation_changes_nothing(database):
    with pytest.raises(NotPermitted):
        state(LING, code=["X"], name=["x"])

    assert parents() == {}


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        ({"code": ["SALES"], "parent": ["EAST-1"]}, "departments.circle"),
        ({"code": ["SALES"], "parent": ["SALES"]}, "departments.circle"),
        ({"code": ["SALES"], "parent": ["NIX"]}, "departments.not_found"),
        ({"code": ["SALES"], "manager": ["nobody@example.com"]}, "users.not_found"),
        ({"code": ["SALES"], "manager": [HUADONG_OWNER.person]}, "departments.head_of_partner"),
    ],
)
def test_what_cannot_be_changes_nothing(database, columns, wanted):
    company()
    before = parents()

    with pytest.raises(RowsRefused) as refused:
        state(**columns)

    assert (refused.value.code, parents()) == (wanted, before)


def test_a_department_goes_when_nobody_is_in_it(database):
    company()

    outcomes = transact(ADMIN, lambda session: delete_departments(session, ["EAST", "WEST", "NIX"], "merged"))

    assert [(one.key, one.problem and one.problem.code) for one in outcomes] == [
        ("EAST", "departments.not_empty"),
        ("WEST", None),
        ("NIX", "departments.not_found"),
    ]
    assert "WEST" not in parents()
    with reading(ADMIN) as session:
        recorded = session.scalars(select(Event.data).where(Event.action == "department.deleted")).all()
    assert recorded == [{"name": "华西", "note": "merged"}]


@pytest.mark.parametrize("schedule", some_schedules(12, seed=7))
def test_two_moves_at_once_never_close_a_circle(database: Engine, schedule):
    if database.dialect.name == "sqlite":
        schedule = (0, 1)  # one writer: nothing else can happen
    state(code=["A", "B"], name=["a", "b"])

    interleave(database, schedule, lambda: state(code=["A"], parent=["B"]), lambda: state(code=["B"], parent=["A"]))

    found = parents()
    assert sorted(found.values(), key=str) in ([None, "A"], ["A", None], ["B", None], [None, "B"]), found


def test_a_move_that_lost_says_so(database):
    state(code=["A", "B"], name=["a", "b"])
    state(code=["A"], parent=["B"])

    with pytest.raises(DomainError) as refused:
        state(code=["B"], parent=["A"])

    with use_language("en"):
        assert refused.value.text == "would be part of itself: B → A → B"
