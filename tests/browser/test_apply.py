"""Onboarding in a real browser: an agent applies on a phone by invite, its upstream and the brand decide."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from core.access import Actor
from core.database.sessions import reading
from models.partners.applications import Application
from services.applications.applicant import attach_licence, begin_application, save_draft
from services.files.pictures import take_picture
from tests.browser.signing_in import session_of
from tests.conftest import ADMIN, HUADONG_OWNER, LING, SUZHOU_CLERK
from tests.services.applications.support import (
    APPLICANT,
    COMPANY,
    act,
    approved,
    invite,
    invited,
    licence_bytes,
    number_of,
    partner_of,
    stored,
)
from tests.support.browsing import Contexts
from tests.support.looking import DESKTOP, PHONE, keep, sign_in

BYTES_MAX = 400_000
"""What the first view of an application's form may load, compressed: 3.2 s of a line of 1 Mbit/s."""
PASSWORD = "a-long-enough-password"


@pytest.fixture
def people(contexts: Contexts, address: str, data_dir: Path) -> Iterator["People"]:
    """Give whoever a test needs in front of a browser; none of them may see an error of script or policy."""
    found = People(contexts, address)
    yield found
    assert found.errors == []


class People:
    """Browsers of several people."""

    def __init__(self, contexts: Contexts, address: str) -> None:
        self.contexts = contexts
        self.address = address
        self.errors: list[str] = []

    def comes(self, actor: Actor | None, path: str, *, size: tuple[int, int] = PHONE) -> Page:
        """Open a page as somebody of the cast, or as nobody."""
        context = self.contexts.lend(viewport={"width": size[0], "height": size[1]})
        keep(context, self.address, qudao_language="en")
        if actor is not None:
            sign_in(context, self.address, actor)
        page = context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(self.address + path)
        return page


def by(page: Page, name: str):
    return page.get_by_test_id(name)


def fill_company(page: Page) -> None:
    by(page, "field-name").fill(COMPANY["name"])
    by(page, "field-uscc").fill(COMPANY["uscc"])
    picture = {"name": "licence.jpg", "mimeType": "image/jpeg", "buffer": licence_bytes()}
    by(page, "field-licence").set_input_files([picture])
    expect(page.locator("qudao-photos")).to_have_attribute("data-state", "idle")
    expect(page.locator(".qd-photo img")).to_be_visible()


def fill_contact(page: Page, email: str) -> None:
    by(page, "field-contact").fill("王磊")
    by(page, "field-phone").fill("13800138000")
    by(page, "field-email").fill(email)


def choose_region(page: Page) -> None:
    by(page, "field-region").fill("姑苏")
    page.get_by_role("option", name=re.compile("姑苏")).first.click()


def test_an_agent_is_onboarded_from_a_phone_by_invite_its_upstream_and_the_brand_deciding(people: People):
    code = invite().code
    applicant = people.comes(None, f"/apply?invite={code}")
    expect(by(applicant, "invited")).to_contain_text("华东总代")
    by(applicant, "action-start").click()
    choose_region(applicant)
    by(applicant, "action-continue-1").click()
    expect(by(applicant, "field-name")).to_be_visible()
    fill_company(applicant)
    by(applicant, "action-continue-2").click()
    expect(by(applicant, "field-contact")).to_be_visible()

    applicant.goto(people.address + "/apply")  # leaves, and comes back by what the browser kept
    by(applicant, "resume").click()
    expect(by(applicant, "field-contact")).to_be_visible()
    expect(by(applicant, "field-name")).to_have_value(COMPANY["name"])
    fill_contact(applicant, "walk@example.com")
    by(applicant, "action-continue-3").click()
    by(applicant, "action-submit").click()
    expect(applicant.get_by_text("Without your agreement nothing can be submitted.")).to_be_visible()
    by(applicant, "field-consent").click()
    by(applicant, "action-submit").click()
    expect(by(applicant, "awaited")).to_contain_text("华东总代 is asked to confirm")

    owner = people.comes(HUADONG_OWNER, "/applications/review")
    owner.locator("[data-testid^=item-AP]").first.click()
    by(owner, "action-confirm").click()
    expect(owner.get_by_text("You have dealt with all of them.")).to_be_visible()

    number = number_of("walk@example.com")
    ling = people.comes(LING, f"/applications/review?application={number}", size=DESKTOP)
    expect(by(ling, "upstream-word")).to_contain_text("Confirmed by the upstream")
    by(ling, "action-approve").click()
    expect(ling.get_by_text(f"Application {number} approved")).to_be_visible()

    applicant.reload()
    by(applicant, "action-welcome").click()
    applicant.wait_for_url(re.compile("/password"))
    for field in applicant.locator("input[type=password]").all():
        field.fill(PASSWORD)
    by(applicant, "action-save").click()
    expect(by(applicant, "account")).to_contain_text("王磊")


def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(people: People):
    page = people.comes(None, "/apply?invite=NEVERWAS")
    expect(by(page, "invite-problem")).to_contain_text("no invite with this code")
    by(page, "field-contact").fill("王磊")
    by(page, "field-phone").fill("1380")
    by(page, "action-start").click()
    expect(page.locator("#phone-more")).to_be_visible()
    expect(by(page, "field-contact")).to_have_value("王磊")
    by(page, "field-phone").fill("13800138000")
    by(page, "action-start").click()
    by(page, "action-continue-1").click()
    expect(by(page, "form-problems")).to_contain_text("is required")
    by(page, "field-tier").click()
    page.get_by_role("option", name="Dealer").click()
    choose_region(page)
    by(page, "action-continue-1").click()
    by(page, "field-uscc").fill("91350100M000100Y4Z")
    expect(page.get_by_text("its check characters do not fit")).to_be_visible()
    no_picture = {"name": "licence.jpg", "mimeType": "image/jpeg", "buffer": b"this is no picture"}
    by(page, "field-licence").set_input_files([no_picture])
    expect(page.locator(".qd-photo-problems")).not_to_be_empty()
    by(page, "action-continue-2").click()

    expect(by(page, "form-problems")).to_contain_text("Photo of the business licence")
    expect(by(page, "field-uscc")).to_have_value("91350100M000100Y4Z")
    expect(by(page, "step-2")).to_be_visible()


def started(people: People, email: str) -> tuple[Page, str]:
    """Return the form of an application that has just begun, and its number."""
    page = people.comes(None, "/apply")
    by(page, "field-contact").fill("王磊")
    by(page, "field-phone").fill("13800138000")
    by(page, "action-start").click()
    expect(by(page, "action-continue-1")).to_be_visible()
    by(page, "field-tier").click()
    page.get_by_role("option", name="Micro-merchant").click()
    choose_region(page)
    by(page, "action-continue-1").click()
    expect(by(page, "field-name")).to_be_visible()
    return page, newest_number()


def newest_number() -> str:
    with reading(ADMIN) as session:
        return session.scalars(select(Application.number).order_by(Application.id.desc()).limit(1)).one()


def until(page: Page, is_so: Callable[[], bool]) -> None:
    """Wait for what the server stores soon after a person typed it."""
    for _attempt in range(200):
        if is_so():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it was not stored")


def test_a_page_left_at_once_after_typing_has_the_text_again(people: People):
    page, number = started(people, "left@example.com")
    by(page, "field-name").type("苏州市甲商行")
    by(page, "field-address").type("人民路 1 号")
    page.reload()  # before the server could store anything of it

    expect(by(page, "field-name")).to_have_value("苏州市甲商行")
    expect(by(page, "field-address")).to_have_value("人民路 1 号")
    until(page, lambda: stored(number).stated.get("name") == "苏州市甲商行")


def test_an_older_tab_takes_nothing_back_that_another_one_stored(people: People):
    old, number = started(people, "tabs@example.com")
    new = old.context.new_page()
    new.goto(old.url)
    by(new, "field-name").fill("新店")
    by(new, "action-continue-2").click()
    expect(by(new, "field-contact")).to_be_visible()
    by(old, "field-address").fill("人民路 2 号")
    until(old, lambda: bool(stored(number).stated.get("address")))

    stated = stored(number).stated
    assert (stated["name"], stated["address"]) == ("新店", "人民路 2 号")


def test_a_new_photo_of_the_licence_takes_the_place_of_the_one_before(people: People):
    application = act(LING, begin_application, {"tier": "dealer"})
    act(LING, save_draft, application.number, {}, 2)
    act(LING, attach_licence, application.number, take_picture(licence_bytes())[0])
    page = people.comes(LING, f"/applications/{application.number}/edit")
    expect(by(page, "licence")).to_be_visible()

    picture = {"name": "new.jpg", "mimeType": "image/jpeg", "buffer": licence_bytes()}
    by(page, "field-licence").set_input_files([picture])

    expect(page.locator(".qd-photo img")).to_be_visible()
    expect(by(page, "licence")).to_be_hidden()


def test_the_first_view_loads_little(people: People, data_dir: Path):
    token = act(APPLICANT, begin_application, {}).token
    page = people.comes(None, "/login")
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    loaded: list[float] = []
    session.on("Network.loadingFinished", lambda event: loaded.append(event["encodedDataLength"]))

    page.goto(f"{people.address}/apply/{token}", wait_until="networkidle")

    expect(by(page, "action-continue-1")).to_be_visible()
    assert sum(loaded) <= BYTES_MAX


def test_a_licence_is_shown_to_those_who_see_the_application_and_to_nobody_else(address: str, data_dir: Path):
    number = invited({**COMPANY, "email": "licence@example.com"})
    url = f"{address}/applications/{number}/licence"

    def status(actor: Actor) -> int:
        return httpx.get(url, cookies={"qudao": session_of(actor)}).status_code

    assert stored(number).licence_sha256
    assert status(SUZHOU_CLERK) == 403
    assert httpx.get(url, headers={"Accept": "text/html"}).status_code == 303
    assert httpx.get(f"{address}/apply/{'x' * 43}/licence").status_code == 404
    assert status(LING) in (200, 404)  # 404 where this process and the server keep their files apart
    assert httpx.get(f"{address}/applications/AP-NONE/licence", cookies={"qudao": session_of(LING)}).status_code == 404


@pytest.mark.parametrize("token", ["x", "x" * 43, "..", "%00", "🙂" * 20, "a" * 2000])
def test_a_wrong_link_leads_to_nothing_and_no_trace(address: str, data_dir: Path, token: str):
    answer = httpx.get(f"{address}/apply/{token}")

    assert answer.status_code in (303, 307, 400, 404)
    assert "Traceback" not in answer.text


def test_the_partners_record_tells_how_it_became_one(people: People):
    number = approved({**COMPANY, "email": "story@example.com"})

    page = people.comes(LING, f"/partners/{partner_of(number).code}", size=DESKTOP)

    expect(page.get_by_text(number).first).to_be_visible()
    expect(page.get_by_text("confirmed it for the upstream").first).to_be_visible()
    expect(by(page, "stays")).to_contain_text("华东总代")
