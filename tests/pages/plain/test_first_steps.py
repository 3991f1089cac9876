"""The first steps of people without an account: plain pages that keep nothing until something is sent."""

import httpx
import pytest
from sqlalchemy import func, select

from core.database.sessions import reading, unit_of_work
from models.accounts.sessions import AttemptCount
from models.partners.applications import Application
from pages.web.identity import LANGUAGE_COOKIE
from services.accounts.attempts import VISITORS_PER_ADDRESS
from services.accounts.sessions import AUTHENTICATION
from services.applications.invites import InviteDraft, make_invite
from tests.browser.signing_in import sign_in_as
from tests.conftest import ADMIN, HUADONG_OWNER, LING
from tests.support.server import serving_copy

PERSON = {"contact": "王磊", "phone": "138 0013 8000"}


@pytest.fixture(scope="module")
def address(sqlite_template, tmp_path_factory):
    with serving_copy(sqlite_template, tmp_path_factory.mktemp("first")) as address:
        yield address


@pytest.fixture
def client(address):
    """Give a browser without scripts; its address has sent no request before."""
    with unit_of_work(AUTHENTICATION) as session:
        for row in session.scalars(select(AttemptCount).execution_options(see_all="a clean start")):
            session.delete(row)
    with httpx.Client(base_url=address, headers={"Origin": address, "Accept": "text/html"}) as client:
        client.cookies.set(LANGUAGE_COOKIE, "en")
        yield client


def applications() -> list[Application]:
    with reading(ADMIN) as session:
        return list(session.scalars(select(Application).order_by(Application.id)))


def invite(*tiers: str) -> str:
    with unit_of_work(HUADONG_OWNER) as session:
        return make_invite(session, InviteDraft(tiers=tiers, uses_max=5)).code


def test_the_first_step_is_a_page_without_a_client_and_leads_to_a_draft_with_what_was_typed(client):
    before = len(applications())
    first = client.get("/apply")
    begun = client.post("/apply", data=PERSON)
    form = client.get(begun.headers["location"])

    assert (first.status_code, begun.status_code, form.status_code) == (200, 303, 200)
    assert ("nicegui" in first.text, "nicegui" in form.text) == (False, True)
    assert len(first.content) < 5000
    draft = applications()[-1]
    assert len(applications()) == before + 1
    assert (draft.stated, draft.contact, draft.phone) == (PERSON, "王磊", "13800138000")


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_it_speaks_the_language_of_the_browser(client, language):
    client.cookies.set(LANGUAGE_COOKIE, language)

    page = client.get("/apply").text

    assert ("成为合作伙伴" in page or "成为" in page, "Become a partner" in page) == (
        language == "zh_CN",
        language == "en",
    )


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"contact": "王磊"}, "is required"),
        ({"contact": "", "phone": "13800138000"}, "is required"),
        ({"contact": "王磊", "phone": "1380"}, "phone"),
        ({"contact": "王\x00磊", "phone": "13800138000"}, ""),
        ({"contact": "王磊", "phone": "13800138000" * 500}, ""),
        ({"contact": "x" * 20_000, "phone": "13800138000"}, ""),
        ({"contact": "<script>alert(1)</script>" * 20, "phone": "13800138000"}, ""),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_begun(client, wrong, says):
    before = len(applications())

    refused = client.post("/apply", data=wrong)

    assert refused.status_code == 422
    assert 'aria-invalid="true"' in refused.text
    assert says in refused.text
    assert "<script>alert" not in refused.text
    if len(wrong["contact"]) < 100:
        assert f'value="{wrong["contact"]}"' in refused.text
    assert len(applications()) == before


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}])
@pytest.mark.parametrize("path", ["/apply", "/stores/register"])
def test_nothing_is_begun_from_another_site(client, path, headers):
    before = len(applications())

    refused = client.post(path, data={**PERSON, "invite": invite("store")}, headers=headers)

    assert refused.status_code == 403
    assert "set-cookie" not in refused.headers
    assert len(applications()) == before


def test_one_address_begins_only_so_many_and_what_was_typed_stays(client):
    before = len(applications())
    with unit_of_work(AUTHENTICATION) as session:
        client.post("/apply", data=PERSON)
        row = session.scalars(select(AttemptCount).execution_options(see_all="counted")).one()
        row.count = VISITORS_PER_ADDRESS

    refused = client.post("/apply", data=PERSON)

    assert (refused.status_code, 'value="王磊"' in refused.text) == (429, True)
    assert len(applications()) == before + 1


def test_an_invite_is_greeted_and_comes_along(client):
    code = invite("dealer", "store")

    first = client.get(f"/apply?invite={code.lower()}")
    begun = client.post("/apply", data={"invite": code})

    assert "Invited by 华东总代" in first.text
    assert f'href="/stores/register?invite={code}"' in first.text
    assert "field-phone" not in first.text
    assert begun.status_code == 303
    assert applications()[-1].stated == {"invite": code}
    assert "华东总代" in client.get(begun.headers["location"]).text


def test_an_invite_that_does_not_hold_is_said_and_counted(client):
    first = client.get("/apply?invite=NEVERWAS")
    sent = client.post("/apply", data={"invite": "NEVERWAS", **PERSON})

    assert (first.status_code, sent.status_code) == (200, 422)
    for answer in (first, sent):
        assert "no invite with this code" in answer.text
        assert "field-phone" in answer.text
    with reading(AUTHENTICATION) as session:
        counted = select(func.sum(AttemptCount.count)).execution_options(see_all="counted")
        assert session.scalar(counted) == 2


@pytest.mark.parametrize("code", ["%00", "%F0%9F%99%82", "x" * 3000, "%2e%2e%2f", "%0d%0aSet-Cookie:x=1"])
@pytest.mark.parametrize("path", ["/apply", "/stores/register"])
def test_an_odd_code_is_one_that_does_not_hold(client, path, code):
    answer = client.get(f"{path}?invite={code}")

    assert answer.status_code in (200, 400, 404, 422)
    assert "set-cookie" not in answer.headers


def test_a_store_is_registered_only_after_the_first_step_was_sent(client):
    code = invite("store")
    path = f"/stores/register?invite={code}"

    first = client.get(path)
    begun = client.post("/stores/register", data={"invite": code})
    page = client.get(begun.headers["location"])
    other = client.get(f"/stores/register?invite={invite('store')}")

    assert (begun.status_code, begun.headers["location"]) == (303, path)
    assert ["nicegui" in answer.text for answer in (first, page, other)] == [False, True, False]
    assert "For 华东总代" in first.text
    assert "HttpOnly" in begun.headers["set-cookie"]


@pytest.mark.parametrize("value", ["", "x", "1", "🙂".encode().hex(), "a" * 64])
def test_a_made_up_cookie_does_not_stand_for_the_first_step(client, value):
    client.cookies.set("qudao-invite", value)

    assert "nicegui" not in client.get(f"/stores/register?invite={invite('store')}").text


def test_codes_that_do_not_hold_are_counted_there_too(client):
    with unit_of_work(AUTHENTICATION) as session:
        statuses = [client.get("/stores/register?invite=NEVERWAS").status_code]
        row = session.scalars(select(AttemptCount).execution_options(see_all="counted")).one()
        row.count = VISITORS_PER_ADDRESS
    statuses += [client.get("/stores/register?invite=NEVERWAS").status_code]

    assert statuses == [404, 429]


def test_who_is_signed_in_registers_a_store_without_the_first_step(client):
    sign_in_as(client, LING)

    assert "nicegui" in client.get("/stores/register").text
