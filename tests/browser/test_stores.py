"""Stores registered in a real browser: on a phone, in every way, through every failure."""

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect
from sqlalchemy import select

from core.database.sessions import reading, unit_of_work
from core.files.contents import content_path
from models.stores import StorePhoto
from pages.components.forms.geolocation import SECONDS_MAX
from services.applications.invites import InviteDraft, make_invite
from tests.browser.store_phones import (
    BUND,
    NO_ANSWER,
    NO_SIGNAL,
    PHONE,
    REGISTER,
    STORES,
    Phone,
    finish,
    hand_in,
    measure,
    shop_front,
    store_named,
)
from tests.conftest import ADMIN, BEIFANG_CLERK, HUADONG_CLERK, HUADONG_OWNER
from tests.support.browser import OTHER_HOST
from tests.support.browsing import Contexts
from tests.support.looking import keep, sign_in
from tests.support.server import serving_copy

pytestmark = pytest.mark.usefixtures("patience")


# --- the position, in each way ---


def test_who_holds_an_invite_registers_a_store_where_it_stands_with_a_photo(phone: Phone, stores_address: str):
    with unit_of_work(HUADONG_OWNER) as session:
        invite = make_invite(session, InviteDraft(tiers=("store",))).code
    page = phone(geolocation=BUND | {"accuracy": 12})

    page.goto(f"{stores_address}{REGISTER}?invite={invite}")
    expect(page.locator("main")).to_contain_text("华东总代")
    page.get_by_test_id("action-start").click()
    measure(page)
    expect(page.get_by_test_id("position-facts")).to_contain_text("± 12 m, best of 5")
    expect(page.get_by_test_id("field-region")).to_have_value("上海市黄浦区")
    finish(page, "外滩邀请店")

    store = store_named("外滩邀请店")
    assert (store.status, store.position_source, store.accuracy_m, store.datum) == ("applied", "gps", 12.0, "wgs84")
    assert (store.latitude, store.longitude, store.region) == (31.239, 121.4858, "310101")


def test_registering_another_store_begins_with_an_empty_form(phone: Phone, stores_address: str):
    page = phone(HUADONG_CLERK)
    page.goto(stores_address + REGISTER)
    measure(page)
    finish(page, "第一家店")

    page.get_by_test_id("action-another").click()

    expect(page.get_by_test_id("action-next-where")).to_be_disabled()
    expect(page.locator(".qd-toast")).to_have_count(0)
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('qudao.draft.stores'))") == []


def test_a_photo_is_kept_without_anything_hidden_and_shown_only_to_who_may_see_the_store(
    phone: Phone, stores_address: str, stores_folder: Path
):
    page = phone(HUADONG_CLERK)
    page.goto(stores_address + REGISTER)
    measure(page)
    expect(page.get_by_test_id("position-facts")).to_be_visible()
    finish(page, "有照片的店")

    store = store_named("有照片的店")
    with reading(ADMIN) as session:
        photo = session.scalars(select(StorePhoto).where(StorePhoto.store_id == store.id)).one()
    kept = stores_folder / "files" / photo.sha256[:2] / photo.sha256
    path = f"{stores_address}/stores/{store.code}/photos/{photo.id}"
    own = page.request.get(path)
    foreign = phone(BEIFANG_CLERK).request.get(path)
    stranger = phone().request.get(path, max_redirects=0)

    assert (photo.camera, round(photo.latitude, 4)) == ("P60", 31.239)
    with Image.open(kept) as picture:
        assert not picture.getexif()
    assert (own.status, own.headers["content-type"], own.headers["x-content-type-options"]) == (
        200, "image/jpeg", "nosniff",
    )  # fmt: skip
    assert own.body() == kept.read_bytes()
    assert (foreign.status, stranger.status) == (404, 303)
    assert content_path(photo.sha256).name == photo.sha256


def test_a_position_that_is_900_metres_wrong_is_refused_in_words_and_another_way_is_taken(
    phone: Phone, stores_address: str
):
    page = phone(HUADONG_CLERK, geolocation=BUND | {"accuracy": 900})
    page.goto(stores_address + REGISTER)
    measure(page)

    problem = page.get_by_test_id("position-problem")
    expect(problem).to_contain_text("may be wrong by 900 m")
    expect(page.get_by_test_id("action-next-where")).to_be_disabled()
    page.get_by_test_id("action-paste").click()
    page.get_by_test_id("field-coordinates").fill("31.2369, 121.4902")
    page.get_by_test_id("action-use-coordinates").click()
    expect(page.get_by_test_id("position-facts")).to_contain_text("GCJ-02")
    finish(page, "粘贴的店")

    store = store_named("粘贴的店")
    assert (store.position_source, store.datum, store.accuracy_m) == ("paste", "gcj02", None)


def test_a_poor_position_is_asked_again_once_and_then_taken_with_a_photo(phone: Phone, stores_address: str):
    page = phone(HUADONG_CLERK, geolocation=BUND | {"accuracy": 300})
    page.goto(stores_address + REGISTER)

    measure(page)
    expect(page.get_by_test_id("position-problem")).to_contain_text("measure again")
    measure(page)
    expect(page.get_by_test_id("position-problem")).to_contain_text("photo of the shop front is needed")
    finish(page, "室内店")

    assert store_named("室内店").accuracy_m == 300.0


def test_a_refused_permission_is_explained_and_the_pin_is_set_and_moved_by_buttons(phone: Phone, stores_address: str):
    page = phone(HUADONG_CLERK, permissions=[], geolocation=None)
    page.goto(stores_address + REGISTER)
    measure(page)
    expect(page.get_by_test_id("position-refused")).to_contain_text("Allow “location” for this page")

    page.get_by_test_id("action-pin").click()
    page.get_by_test_id("field-region").fill("黄浦区")
    page.get_by_role("option", name="上海市 黄浦区").click()
    page.locator("qudao-map").click(position={"x": 100, "y": 100})
    expect(page.get_by_test_id("position-facts")).to_contain_text("Set on the map")
    before = page.get_by_test_id("position-facts").inner_text()
    page.get_by_test_id("pin-north").click()
    expect(page.get_by_test_id("position-facts")).not_to_have_text(before)
    finish(page, "钉上的店")

    store = store_named("钉上的店")
    assert (store.position_source, store.datum) == ("pin", "gcj02")
    assert (round(store.latitude), round(store.longitude)) == (31, 121)


def test_the_pin_is_dragged_away_from_the_measured_point_and_back(phone: Phone, stores_address: str):
    page = phone(HUADONG_CLERK, geolocation=BUND | {"accuracy": 12})
    page.goto(stores_address + REGISTER)
    measure(page)
    pin = page.locator("qudao-map [data-kind=pin]")
    pin.wait_for()
    page.wait_for_load_state("networkidle")  # the names of places are there, nothing is drawn anew
    page.locator("qudao-map").scroll_into_view_if_needed()
    box = pin.bounding_box()

    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 12)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 60, box["y"] + 40, steps=4)
    page.mouse.up()

    expect(page.get_by_test_id("position-facts")).to_contain_text("From the measured point")
    page.get_by_test_id("action-measured").click()
    expect(page.get_by_test_id("position-facts")).to_contain_text("best of 5")


def test_a_browser_that_never_answers_is_given_up_on_with_a_reason(phone: Phone, stores_address: str):
    page = phone(HUADONG_CLERK, is_kept=False)
    page.add_init_script(NO_ANSWER)
    page.clock.install()
    page.goto(stores_address + REGISTER)
    measure(page)
    expect(page.locator("qudao-position")).to_have_attribute("data-state", "measuring")

    page.clock.run_for((SECONDS_MAX + 5) * 1000)

    expect(page.get_by_test_id("position-timeout")).to_contain_text(f"No position came within {SECONDS_MAX} seconds")
    expect(page.get_by_test_id("action-pin")).to_be_enabled()


def test_a_phone_without_signal_says_what_to_do_and_can_try_again(phone: Phone, stores_address: str):
    page = phone(HUADONG_CLERK)
    page.add_init_script(NO_SIGNAL)
    page.goto(stores_address + REGISTER)

    measure(page)

    expect(page.get_by_test_id("position-unavailable")).to_contain_text("Step outside")
    expect(page.get_by_test_id("action-locate")).to_have_text("Try again")


def test_over_plain_http_the_page_says_why_there_is_no_position_and_the_other_ways_work(
    contexts: Contexts, sqlite_template: Path, tmp_path: Path
):
    with serving_copy(sqlite_template, tmp_path, command=STORES, host=OTHER_HOST) as insecure:
        context = contexts.lend(viewport=PHONE, geolocation=BUND, permissions=[])
        sign_in(context, insecure, HUADONG_CLERK)
        keep(context, insecure, qudao_language="en")
        page = context.new_page()
        page.goto(insecure + REGISTER)

        expect(page.get_by_test_id("position-insecure")).to_contain_text(
            f"https address; your administrator knows it. ({insecure})"
        )
        page.get_by_test_id("action-paste").click()
        page.get_by_test_id("field-coordinates").fill("31.2369, 121.4902")
        page.get_by_test_id("action-use-coordinates").click()
        expect(page.get_by_test_id("position-facts")).to_be_visible()
        finish(page, "局域网店")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("31°14′20″N 121°29′9″E", "31.238889, 121.485833"),
        ("121.4858, 31.239", "31.239000, 121.485800"),
        ("３１．２３９，１２１．４８５８", "31.239000, 121.485800"),
        ("48.8584, 2.2945", "lies outside China"),
        ("0, 0", "measured nothing"),
        ("NaN, NaN", "is no position"),
        ("91.5, 181.2", "is not on the earth"),
        ("南京东路300号", "is no position"),
        ("", "is no position"),
    ],
    ids=["dms", "swapped", "full width", "abroad", "zeros", "nan", "off the earth", "address", "nothing"],
)
def test_pasted_text_is_understood_or_refused_in_words(text: str, said: str, phone: Phone, stores_address: str):
    page = phone(HUADONG_CLERK)
    page.goto(stores_address + REGISTER)
    page.get_by_test_id("action-paste").click()

    page.get_by_test_id("field-coordinates").fill(text)
    page.get_by_test_id("action-use-coordinates").click()

    expect(page.locator("main")).to_contain_text(said)


# --- the form ---


def test_what_was_stated_is_back_after_the_page_was_closed(phone: Phone, stores_address: str):
    page = phone(HUADONG_CLERK)
    page.goto(stores_address + REGISTER)
    measure(page)
    expect(page.get_by_test_id("position-facts")).to_be_visible()
    page.get_by_test_id("action-next-where").click()
    page.get_by_test_id("field-name").fill("草稿店")
    page.get_by_test_id("field-phone").fill("13800138001")
    page.get_by_test_id("action-next-what").click()
    hand_in(page)
    expect(page.locator("main")).to_contain_text("that fits")

    page.reload()

    expect(page.locator("qudao-photos img")).to_be_visible()
    expect(page.locator("main")).to_contain_text("草稿店")
    page.get_by_test_id("action-register").click()
    expect(page.get_by_test_id("registered-code")).to_be_visible()
    page.goto(stores_address + REGISTER)
    expect(page.get_by_test_id("action-locate")).to_have_text("Use my position")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("menu.pdf", b"%PDF-1.7 no photo", "This is no picture that can be shown here"),
        ("half.jpg", b"half", "This picture is damaged"),
        ("huge.jpg", b"huge", "larger than 12 MB"),
    ],
    ids=["a document", "half a photo", "too many bytes"],
)
def test_a_photo_that_cannot_be_taken_says_why_and_another_can_be_chosen(
    name: str, content: bytes, said: str, phone: Phone, stores_address: str, tmp_path: Path
):
    whole = bytes(shop_front()["buffer"])
    content = {b"half": whole[: len(whole) // 2], b"huge": bytes(13 * 1024 * 1024)}.get(content, content)
    page = phone(HUADONG_CLERK)
    page.goto(stores_address + REGISTER)
    measure(page)
    expect(page.get_by_test_id("position-facts")).to_be_visible()
    page.get_by_test_id("action-next-where").click()
    page.get_by_test_id("field-name").fill("x")
    page.get_by_test_id("field-phone").fill("13800138002")
    page.get_by_test_id("action-next-what").click()

    (tmp_path / name).write_bytes(content)
    page.get_by_test_id("field-photos").set_input_files(tmp_path / name)

    expect(page.locator("qudao-photos")).to_contain_text(said)
    hand_in(page)
    expect(page.locator("qudao-photos")).not_to_contain_text(said)
