"""People: who may add and change whom, and who leads whom."""

from functools import partial

import pytest
from sqlalchemy import select

from core.database.sessions import reading, transact
from core.drafts import Drafts
from core.errors import NotFound, NotPermitted, RowsRefused
from core.events.log import Event
from core.permissions import ROLE_PERMISSIONS, Permission
from models.accounts.sessions import OneTimeLink
from models.accounts.users import User
from resources import BY_NAME
from services.accounts.administration import suspend_user
from services.accounts.links import password_link
from services.accounts.sessions import open_sessions
from services.accounts.users import save_users
from services.organisation.leaving import leave
from services.saving.plans import SaveOptions
from tests.browser.signing_in import session_of
from tests.conftest import (
    ADMIN,
    BEIFANG_CLERK,
    HUADONG,
    HUADONG_CLERK,
    HUADONG_OWNER,
    HUADONG_PATH,
    LING,
    MEI,
    SUZHOU_CLERK,
    SUZHOU_PATH,
    WEI,
)
from tests.pages.staff_rows import state_rows
from tests.support.schedules import interleave, interruption, statement_count


def stored(email: str) -> User | None:
    with reading(ADMIN) as session:
        return session.scalar(select(User).where(User.email == email))


def state(actor=ADMIN, **columns) -> None:
    state_rows(
        "users", {name: values if isinstance(values, list) else [values] for name, values in columns.items()}, actor
    )


def refusal(actor=ADMIN, **columns) -> dict[str, str]:
    """Return field → code of why rows were refused."""
    with pytest.raises(RowsRefused) as refused:
        state(actor, **columns)
    return {one.field: one.problem.code for one in refused.value.problems}


def test_an_owner_adds_people_to_the_own_partner_by_default_and_below_on_request(database):
    state(HUADONG_OWNER, email="a@huadong.example.com", name="A", role="partner_clerk")
    state(HUADONG_OWNER, email="b@suzhou.example.com", name="B", role="partner_owner", partner="SZ")

    first, second = stored("a@huadong.example.com"), stored("b@suzhou.example.com")
    assert (first.partner_id, first.path, first.status) == (HUADONG, HUADONG_PATH, "invited")
    assert (second.path, second.role) == (SUZHOU_PATH, "partner_owner")


@pytest.mark.parametrize(
    ("stated", "wanted"),
    [
        ({"partner": "BF", "role": "partner_clerk"}, {"partner": "partners.not_found"}),
        ({"role": "sales"}, {"role": "users.role_not_yours_to_give"}),
        ({"role": "administrator"}, {"role": "users.role_not_yours_to_give"}),
        ({"email": WEI.person, "role": "partner_clerk"}, {"email": "rows.key_not_available"}),
        ({"email": BEIFANG_CLERK.person, "role": "partner_clerk"}, {"email": "rows.key_not_available"}),
        ({"email": HUADONG_OWNER.person, "role": "partner_clerk"}, {"role": "users.own_role"}),
        ({"email": HUADONG_OWNER.person, "role": "partner_owner", "partner": "SZ"}, {"role": "users.own_role"}),
        ({"role": "partner_clerk", "manager": WEI.person}, {"manager": "users.not_found"}),
        ({"role": "partner_clerk", "manager": BEIFANG_CLERK.person}, {"manager": "users.not_found"}),
        ({"role": "partner_clerk", "manager": SUZHOU_CLERK.person}, {"manager": "users.manager_elsewhere"}),
    ],
)
def test_an_owner_reaches_no_further_than_the_own_branch_and_role(database, stated, wanted):
    before = stored(stated.get("email", ""))

    assert refusal(HUADONG_OWNER, **{"email": "x@example.com", "name": "X", **stated}) == wanted

    after = stored(stated.get("email", "x@example.com"))
    assert (after and (after.role, after.path)) == (before and (before.role, before.path))


def test_a_clerk_adds_nobody(database):
    with pytest.raises(NotPermitted):
        state(HUADONG_CLERK, email="x@example.com", name="X", role="partner_clerk")

    assert stored("x@example.com") is None


def test_an_owner_lets_in_and_keeps_out_the_own_people_and_nobody_else(database):
    tokens = {actor.person: session_of(actor) for actor in (SUZHOU_CLERK, BEIFANG_CLERK)}
    assert len(tokens) == 2

    transact(HUADONG_OWNER, lambda session: password_link(session, SUZHOU_CLERK.person))
    transact(HUADONG_OWNER, lambda session: suspend_user(session, SUZHOU_CLERK.person))
    for person in (BEIFANG_CLERK.person, WEI.person, ADMIN.person):
        for work in (password_link, suspend_user):
            with pytest.raises(NotFound):
                transact(HUADONG_OWNER, lambda session, work=work, person=person: work(session, person))

    with reading(ADMIN) as session:
        assert open_sessions(session, SUZHOU_CLERK.user_id) == []
        assert len(open_sessions(session, BEIFANG_CLERK.user_id)) == 1
    with reading(HUADONG_OWNER) as session:
        assert open_sessions(session, BEIFANG_CLERK.user_id) == []
        assert [one.user_id for one in session.scalars(select(OneTimeLink))] == [SUZHOU_CLERK.user_id]
    with reading(HUADONG_CLERK) as session:
        assert session.scalars(select(OneTimeLink)).all() == []


def test_managers_may_stand_in_later_rows_of_the_same_sheet(database):
    state(
        email=["c@example.com", "b@example.com", "a@example.com"],
        name=["C", "B", "A"],
        role=["sales"] * 3,
        manager=["b@example.com", "a@example.com", None],
    )

    people = {name: stored(f"{name}@example.com") for name in "abc"}
    assert (people["c"].manager_id, people["b"].manager_id) == (people["b"].id, people["a"].id)
    with reading(ADMIN) as session:
        keys = session.scalars(select(Event.subject_key).where(Event.action == "user.created").order_by(Event.id)).all()
    assert keys == ["a@example.com", "b@example.com", "c@example.com"]


def test_nobody_leads_themselves_not_even_through_others(database):
    state(email=[LING.person], manager=[WEI.person], name=["ling"], role=["operations"])

    codes = refusal(
        email=[WEI.person, ADMIN.person],
        manager=[LING.person, ADMIN.person],
        name=["w", "a"],
        role=["sales", "administrator"],
    )

    assert codes == {"manager": "users.circle"}
    assert stored(WEI.person).manager_id is None
    state(email=[LING.person, WEI.person], manager=[None, LING.person], name=["l", "w"], role=["operations", "sales"])
    assert (stored(WEI.person).manager_id, stored(LING.person).manager_id) == (LING.user_id, None)


def test_a_partners_people_have_no_department_and_lose_it_when_they_become_partners_people(database):
    state_rows("departments", {"code": ["S"], "name": ["销售部"]})
    state(email=WEI.person, name="wei", role="sales", department="S", position="经理")

    codes = refusal(email="x@example.com", name="X", role="partner_clerk", partner="HD", department="S")
    state(email=WEI.person, name="wei", role="partner_clerk", partner="HD")

    assert codes == {"department": "users.department_not_allowed"}
    assert (stored(WEI.person).department_id, stored(WEI.person).position) == (None, "经理")


def test_nobody_is_led_by_or_looked_after_by_who_has_left(database):
    transact(ADMIN, lambda session: leave(session, WEI.person, {}))

    codes = refusal(email=LING.person, name="ling", role="operations", manager=WEI.person)
    with pytest.raises(RowsRefused) as refused:
        state_rows("customers", {"code": ["C1"], "name": ["x"], "owner": [WEI.person]})

    assert codes == {"manager": "users.has_left"}
    assert (refused.value.code, list(refused.value.fields)) == ("users.has_left", ["owner"])


def test_imports_are_seen_by_users_who_may_edit_something_importable_and_nobody_else():
    importable = {one.edit for one in BY_NAME.values() if one.save is not None} | {Permission.ORDER_PLACE}

    for role, held in ROLE_PERMISSIONS.items():
        assert (Permission.IMPORT_VIEW in held) is bool(importable & held), role


def test_a_role_that_is_taken_away_stays_away_from_a_person_who_is_saved_at_the_same_moment(
    postgres_database, postgres_reset
):
    def save(name: str, value: str) -> None:
        drafts = Drafts([2], {"email": [MEI.person], name: [value]})
        transact(ADMIN, lambda session: save_users(session, drafts, SaveOptions()).or_refuse())

    count = statement_count(postgres_database, partial(save, "position", "会计"))
    for turns in range(1, count + 2):
        postgres_reset()

        runners = interleave(
            postgres_database, interruption(turns), partial(save, "position", "会计"), partial(save, "role", "sales")
        )

        assert [runner.error for runner in runners] == [None, None]
        user = stored(MEI.person)
        assert (user.role, user.position, user.version) == ("sales", "会计", 3), turns
