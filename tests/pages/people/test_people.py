"""People on screen: invited, proved to be there, let go; the organisation; keys of programs."""

import io
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from nicegui.testing import User
from openpyxl import load_workbook
from sqlalchemy import func, select, update

from core.clock import now
from core.database.sessions import reading, transact, unit_of_work
from core.events.log import Event
from models.accounts import users
from models.accounts.sessions import OneTimeLink, UserSession
from models.accounts.tokens import ApiToken
from models.customers import Customer
from pages.people._links import links_workbook
from services.accounts import denials
from services.accounts.administration import reset_password
from services.accounts.links import password_link, password_links
from services.accounts.sessions import FRESH, open_sessions
from services.accounts.tokens import create_token
from tests.browser.finding import found, is_there, one, state
from tests.browser.signing_in import session_of, sign_in_as
from tests.conftest import ADMIN, HUADONG_CLERK, HUADONG_OWNER, LING, MEI, SUZHOU_CLERK, WEI
from tests.pages.staff_rows import answer_to_test_host, become, facts_of, state_rows
from tests.services.accounts.support import PASSWORD

pytestmark = pytest.mark.nicegui_main_file("tests/pages/staff_main.py")


@pytest.fixture(autouse=True)
def host(sqlite_database, monkeypatch):
    answer_to_test_host(monkeypatch)
    monkeypatch.setattr("services.accounts.passwords.HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    monkeypatch.setattr(denials, "_known", {})


def grow_stale() -> None:
    """Let everybody's last proof be too old."""
    with unit_of_work(ADMIN) as session:
        long_ago = now() - FRESH - timedelta(seconds=1)
        session.execute(update(UserSession).values(stepped_up_at=long_ago).execution_options(see_all="for the test"))


def happened(action: str) -> list[tuple[str, str, dict]]:
    with reading(ADMIN) as session:
        rows = session.scalars(select(Event).where(Event.action == action).order_by(Event.id))
        return [(row.person, row.subject_key, row.data) for row in rows]


# --- inviting ---


async def test_an_invited_user_gets_a_link_that_greets_them_and_says_when_it_was_opened(user: User) -> None:
    sign_in_as(user.http_client, ADMIN)
    await user.open("/users/new")
    for name, value in {"email": "new@example.com", "name": "新人", "role": "sales"}.items():
        state(user, name, value)

    found(user, "action-save").click()
    await become(lambda: facts_of("users", "new@example.com", "status"), ("invited",))
    await user.should_see("new@example.com is invited.", retries=50)

    link = one(user, "field-link").props["value"]
    welcome = await user.http_client.get(link.removeprefix("http://test"), headers={"Accept-Language": "en"})
    assert "Welcome, 新人" in welcome.text
    assert "admin has invited you" in welcome.text
    assert "Sales" in welcome.text
    await user.open("/users/new@example.com")
    await user.should_see("Opened", retries=50)
    await user.should_see("admin@example.com, ", retries=50)


async def test_an_owner_invites_to_the_own_partner_and_is_offered_no_role_of_the_brand(user: User) -> None:
    sign_in_as(user.http_client, HUADONG_OWNER)

    await user.open("/users/new")

    assert one(user, "field-partner").value == "HD"
    assert sorted(one(user, "field-role").options) == ["partner_clerk", "partner_owner"]
    assert not is_there(user, "field-department")
    for name, value in {"email": "new@huadong.example.com", "name": "N", "role": "partner_clerk"}.items():
        state(user, name, value)
    found(user, "action-save").click()
    await become(lambda: facts_of("users", "new@huadong.example.com", "partner", "role"), ("HD", "partner_clerk"))


async def test_a_new_link_voids_the_one_before(user: User) -> None:
    sign_in_as(user.http_client, ADMIN)
    older = transact(ADMIN, lambda session: password_link(session, WEI.person))
    await user.open("/users/wei@example.com")

    found(user, "action-link").click()
    await user.should_see("Send this link to wei@example.com.", retries=50)

    newer = one(user, "field-link").props["value"].removeprefix("http://test")
    answers = [(await user.http_client.get(path)).status_code for path in (older, newer)]
    assert answers == [404, 200]


async def test_links_for_many_are_one_workbook_with_a_link_for_each_that_opens(user: User) -> None:
    sign_in_as(user.http_client, ADMIN)
    made = transact(ADMIN, lambda session: password_links(session, [WEI.person, LING.person, "nobody@example.com"]))
    await user.open("/users")
    assert user.client

    with user.client:
        sheet = load_workbook(io.BytesIO(links_workbook(made))).active
    rows = list(sheet.iter_rows(min_row=2, values_only=True))

    assert [row[:2] for row in rows] == [(WEI.person, "wei"), (LING.person, "ling")]
    for row in rows:
        assert (await user.http_client.get(row[2].removeprefix("http://test"))).status_code == 200


# --- proving to be there ---


async def test_a_stale_session_is_asked_for_the_password_before_a_role_is_given(user: User) -> None:
    transact(ADMIN, lambda session: reset_password(session, ADMIN.person, PASSWORD))
    sign_in_as(user.http_client, ADMIN)
    grow_stale()
    await user.open("/users/new")
    for name, value in {"email": "new@example.com", "name": "N", "role": "sales"}.items():
        state(user, name, value)

    found(user, "action-save").click()
    await user.should_see("Is it you?", retries=50)
    assert facts_of("users", "new@example.com", "status") == (None,)
    state(user, "proof", "not the password at all")
    found(user, "action-prove").click()
    await user.should_see("This is not your password.", retries=50)
    state(user, "proof", PASSWORD)
    found(user, "action-prove").click()

    await become(lambda: facts_of("users", "new@example.com", "status"), ("invited",))


async def test_a_failed_reauthentication_changes_nothing(user: User) -> None:
    sign_in_as(user.http_client, ADMIN)
    grow_stale()
    await user.open("/users/wei@example.com")

    found(user, "action-remove-factor").click()
    await user.should_see("For who lost their phone.", retries=50)
    found(user, "action-confirm").click()
    await user.should_see("Is it you?", retries=50)
    found(user, "action-cancel").click()

    await user.should_see("Prove first that it is you", retries=50)
    assert happened("user.second_factor_removed") == []


# --- sessions ---


async def test_one_browser_or_all_of_them_are_signed_out_from_the_record(user: User) -> None:
    for _ in range(3):
        session_of(WEI)
    sign_in_as(user.http_client, ADMIN)

    def open_count() -> int:
        with reading(ADMIN) as session:
            return len(open_sessions(session, WEI.user_id))

    await user.open("/users/wei@example.com")
    next(iter(found(user, "action-end").elements))
    user_end = found(user, "action-end")
    user_end.elements = {next(iter(user_end.elements))}
    user_end.click()
    await become(open_count, 2)
    await user.open("/users/wei@example.com")
    found(user, "action-end-all").click()
    await user.should_see("2 browsers are signed out at once", retries=50)
    found(user, "action-confirm").click()

    await become(open_count, 0)


async def test_who_may_not_change_an_account_sees_neither_links_nor_sessions(user: User) -> None:
    session_of(HUADONG_OWNER)
    sign_in_as(user.http_client, HUADONG_OWNER)
    await user.open("/users/clerk@suzhou.example.com")
    assert is_there(user, "action-lock")

    sign_in_as(user.http_client, ADMIN)
    state_rows("users", {"email": ["hr@example.com"], "name": ["HR"], "role": ["hr"]})
    with unit_of_work(ADMIN) as session:
        session.scalars(select(users.User).where(users.User.email == "hr@example.com")).one().status = "active"
    hr = _actor("hr@example.com")
    sign_in_as(user.http_client, hr)
    await user.open("/users/admin@example.com")

    assert not any(is_there(user, name) for name in ("action-lock", "action-link", "sessions", "action-leave"))


def _actor(email: str):
    with reading(ADMIN) as session:
        row = session.scalars(select(users.User).where(users.User.email == email)).one()
    return type(ADMIN)(row.name, ADMIN.role, row.email, row.id)


# --- leaving ---


async def test_a_person_leaves_and_colleagues_take_over(user: User) -> None:
    state_rows("customers", {"code": ["C1", "C2", "C3"], "name": ["x"] * 3, "owner": [WEI.person] * 3})
    sign_in_as(user.http_client, ADMIN)
    await user.open("/users/wei@example.com/leave")
    await user.should_see("C1、C2、C3", retries=50)

    found(user, "action-let-leave").click()
    await user.should_see("Let wei leave?", retries=50)
    found(user, "action-confirm").click()
    await user.should_see("needs somebody who takes it over", retries=50)
    assert facts_of("users", WEI.person, "status") == ("active",)
    _choose(user, "customers", LING.person)
    found(user, "action-divide-customers").click()
    await user.should_see("and to", retries=50)
    _choose(user, "customers-2", ADMIN.person)
    await user.should_see("Divided: 2 + 1", retries=50)
    found(user, "action-let-leave").click()
    await user.should_see("Let wei leave?", retries=50)
    found(user, "action-confirm").click()

    await become(lambda: facts_of("users", WEI.person, "status"), ("locked",))
    await user.should_see("wei has left.", retries=50)
    await user.should_see("Customers: 3 handed over", retries=50)
    with reading(ADMIN) as session:
        owners = select(Customer.owner_id, func.count()).group_by(Customer.owner_id)
        assert dict(session.execute(owners).all()) == {LING.user_id: 2, ADMIN.user_id: 1}
    assert facts_of("users", WEI.person, "status") == ("locked",)


def _choose(user: User, name: str, email: str) -> None:
    field = one(user, f"field-{name}")
    assert user.client
    with user.client:
        field.set_options({email: email}, value=email)  # type: ignore[attr-defined]


async def test_nobody_opens_the_wizard_for_somebody_out_of_reach(user: User) -> None:
    sign_in_as(user.http_client, HUADONG_OWNER)

    answers = [
        (await user.http_client.get(f"/users/{actor.person}/leave")).status_code
        for actor in (WEI, SUZHOU_CLERK, HUADONG_OWNER)
    ]

    assert answers == [404, 200, 409]


# --- organisation ---


async def test_the_chart_shows_departments_people_and_who_leads(user: User) -> None:
    state_rows(
        "departments",
        {"code": ["E", "S"], "name": ["华东", "销售部"], "parent": ["S", None], "manager": [None, LING.person]},
    )
    state_rows(
        "users",
        {
            "email": [WEI.person],
            "name": ["魏川"],
            "role": ["sales"],
            "department": ["E"],
            "position": ["大区经理"],
            "manager": [LING.person],
        },
    )
    sign_in_as(user.http_client, MEI)

    await user.open("/organisation")

    await user.should_see("4 people", retries=50)
    await user.should_see("Head: ling", retries=50)
    await user.should_see("大区经理", retries=50)
    await user.should_see("led by ling", retries=50)
    assert one(user, "person-wei@example.com") is not None
    assert not is_there(user, "action-new")


async def test_the_list_of_departments_belongs_to_the_organisation(user: User) -> None:
    sign_in_as(user.http_client, ADMIN)

    await user.open("/departments")

    assert one(user, "nav-organisation").props["aria-current"] == "page"


async def test_partners_have_no_way_to_the_brands_organisation(user: User) -> None:
    sign_in_as(user.http_client, HUADONG_OWNER)

    assert (await user.http_client.get("/organisation")).status_code == 403
    assert (await user.http_client.get("/departments")).status_code == 403


# --- keys ---


async def test_a_key_is_made_shown_once_and_revoked(user: User) -> None:
    sign_in_as(user.http_client, ADMIN)
    await user.open("/tokens/new")
    state(user, "name", "ERP")

    found(user, "action-save").click()
    await user.should_see("is required", retries=50)
    state(user, "role", "partner_clerk")
    found(user, "action-save").click()
    await user.should_see("A partner's role needs the code of the partner.", retries=50)
    state(user, "role", "sales")
    found(user, "action-save").click()
    await user.should_see("The key is made.", retries=50)

    secret = one(user, "field-token").props["value"]
    with reading(ADMIN) as session:
        key = session.scalars(select(ApiToken)).one()
    assert secret.startswith(key.prefix)
    assert secret not in (key.token_hash, key.prefix)
    await user.open(f"/tokens/{key.prefix}")
    found(user, "action-revoke").click()
    await user.should_see(f"Revoke: {key.prefix}?", retries=50)
    found(user, "action-confirm").click()
    await become(lambda: bool(happened("token.revoked")), True)
    await user.open(f"/tokens/{key.prefix}")
    await user.should_see("revoked it", retries=50)


async def test_the_list_of_keys_never_holds_a_secret(user: User) -> None:
    _, secret = transact(ADMIN, lambda session: create_token(session, "ERP", role="sales"))
    sign_in_as(user.http_client, ADMIN)

    rows = (await user.http_client.get("/grid/tokens?limit=10")).text
    sign_in_as(user.http_client, LING)
    refused = await user.http_client.get("/grid/tokens?limit=10")

    assert "ERP" in rows
    assert secret not in rows
    assert "hash" not in rows
    assert refused.status_code == 403


# --- denials in the audit log ---


async def test_every_interface_that_refuses_records_it_once(user: User) -> None:
    sign_in_as(user.http_client, HUADONG_CLERK)

    for path in ("/users", "/users", "/organisation", "/grid/users?limit=1"):
        assert (await user.http_client.get(path)).status_code == 403

    assert happened("access.refused") == [
        (HUADONG_CLERK.person, "user.view", {"permission": "user.view", "route": "/users", "role": "partner_clerk"}),
        (
            HUADONG_CLERK.person,
            "organisation.view",
            {"permission": "organisation.view", "route": "/organisation", "role": "partner_clerk"},
        ),
    ]


async def test_a_button_whose_right_is_gone_is_recorded(user: User) -> None:
    sign_in_as(user.http_client, HUADONG_OWNER)
    await user.open("/users/clerk@suzhou.example.com")
    with unit_of_work(ADMIN) as session:
        owner = session.scalars(select(users.User).where(users.User.id == HUADONG_OWNER.user_id)).one()
        owner.role = "partner_clerk"
        session.execute(update(UserSession).values(role="partner_clerk"))

    found(user, "action-link").click()
    await user.should_see("You need the permission “change users”", retries=50)

    denials = happened("access.refused")
    assert [(person, key, data["route"]) for person, key, data in denials] == [
        (HUADONG_OWNER.person, "user.edit", "/users/clerk@suzhou.example.com")
    ]
    with reading(ADMIN) as session:
        assert session.scalars(select(OneTimeLink)).all() == []
