"""The components as a person meets them, without a browser."""

import re
from datetime import UTC, datetime
from itertools import product

import pytest
from nicegui import ui
from nicegui.testing import User

from core.clock import freeze
from core.i18n import use_language
from core.limits import PARAMETER_LENGTH_MAX
from pages.components.base.design_tokens import CHIPS, DARK, LIGHT
from pages.components.base.elements import safe_url
from pages.components.base.theme import asset_url
from pages.components.base.toasts import Toasts
from pages.components.layout.content import MINUS, money_text, short_money_text
from pages.components.layout.records import short_instant_text
from pages.components.lists.grid_spec import KEYS_MAX, GridColumn, GridSpec, Selection, selection_from, without_code
from tests.browser.finding import found, is_there, one, state
from tests.support.source import ROOT

pytestmark = pytest.mark.nicegui_main_file("tests/pages/components/gallery_main.py")

MARKUP = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function")
SCRIPTS = sorted((ROOT / "pages" / "static").glob("*.js"))
SHEETS = sorted((ROOT / "pages" / "static").glob("*.css"))
TEXTS_ON = [
    ("text", "surface"),
    ("text", "ground"),
    ("text-2", "surface"),
    ("text-2", "sunken"),
    ("text-3", "surface"),
    ("text-3", "ground"),
    ("text-3", "sunken"),
    ("accent", "surface"),
    ("accent", "accent-soft"),
    ("on-accent", "accent"),
    ("on-accent", "accent-hover"),
    ("danger", "surface"),
    ("danger", "danger-soft"),
    ("on-danger", "danger"),
    ("ok", "surface"),
]


@pytest.mark.parametrize(("mode", "pair"), list(product((LIGHT, DARK), TEXTS_ON)))
def test_every_text_is_readable_on_its_ground_in_light_and_dark(mode: dict[str, str], pair: tuple[str, str]) -> None:
    text, ground = pair

    assert contrast(mode[text], mode[ground]) >= 4.5


def test_an_instant_where_there_is_little_room_names_the_year_only_if_it_is_another() -> None:
    with freeze(datetime(2027, 1, 1, 8, tzinfo=UTC)):
        assert short_instant_text(datetime(2027, 1, 1, 1, 14, tzinfo=UTC)) == "01-01 09:14"
        assert short_instant_text(datetime(2026, 12, 31, 16, 0, tzinfo=UTC)) == "01-01 00:00"
        assert short_instant_text(datetime(2026, 12, 31, 15, 59, tzinfo=UTC)) == "2026-12-31 23:59"
        assert short_instant_text(None) == ""


@pytest.mark.parametrize("mode", (LIGHT, DARK))
def test_the_border_of_a_control_stands_out_from_its_surface(mode: dict[str, str]) -> None:
    assert contrast(mode["control"], mode["surface"]) >= 3


@pytest.mark.parametrize("tone", CHIPS)
def test_every_chip_is_readable_in_light_and_dark(tone: str) -> None:
    light_ground, light_text, dark_ground, dark_text = CHIPS[tone]  # type: ignore[index]

    assert contrast(light_text, light_ground) >= 5.5
    assert contrast(dark_text, dark_ground) >= 5.5


@pytest.mark.parametrize(
    "url",
    (
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " javascript:alert(1)",
        "java\tscript:alert(1)",
        "java\nscript:alert(1)",
        "\x01javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "blob:x",
        "javascript://example.com/%0aalert(1)",
    ),
)
def test_an_address_that_could_run_or_leave_becomes_harmless(url: str) -> None:
    assert safe_url(url) == "#"


@pytest.mark.parametrize(
    "url", ("/orders/SO-1", "?view=mine&status=a:b", "#main", "https://example.com/a:b", "tel:+86138", "orders", "")
)
def test_a_plain_address_stays_as_it_is(url: str) -> None:
    assert safe_url(url) == url


def test_amounts_read_with_thousands_a_real_minus_and_two_decimals() -> None:
    assert money_text(123_456) == "¥1,234.56"
    assert money_text(-12_000) == f"{MINUS}¥120.00"
    assert money_text(5, signed=True) == "+¥0.05"
    assert money_text(0) == "¥0.00"


def test_large_amounts_are_shortened_in_the_way_of_the_language() -> None:
    with use_language("zh_CN"):
        assert short_money_text(1_234_567_00) == "¥123.5 万"
        assert short_money_text(12_345_678_900) == "¥1.23 亿"
        assert short_money_text(-1_234_567_00) == f"{MINUS}¥123.5 万"
    with use_language("en"):
        assert short_money_text(1_240_000_00) == "¥1.24M"
        assert short_money_text(12_340_00) == "¥12.3K"


def test_a_key_that_the_grid_would_run_as_code_is_refused() -> None:
    with pytest.raises(ValueError, match="colon"):
        without_code({"columns": [{"chip": {":onclick": "alert(1)"}}]})


@pytest.mark.parametrize(
    "detail",
    (
        None,
        "approve",
        {"keys": "SO-1"},
        {"keys": [1]},
        {"keys": [""]},
        {"keys": ["x" * 201]},
        {"keys": ["x"] * (KEYS_MAX + 1)},
        {"keys": [], "all": "yes"},
        {"keys": [], "count": "1"},
        {"keys": [], "query": "q" * (PARAMETER_LENGTH_MAX + 1)},
        {"keys": [], "action": ["approve"]},
        {"keys": {"SO-1": 1}},
    ),
)
def test_a_selection_of_unexpected_shape_is_no_selection(detail: object) -> None:
    assert selection_from(detail) is None


def test_all_matching_rows_are_selected_by_their_query_and_not_by_keys() -> None:
    detail = {"action": "approve", "keys": ["SO-1"], "all": True, "query": "status=submitted", "count": 25000}

    assert selection_from(detail) == ("approve", Selection((), True, "status=submitted", 25000))


def test_the_key_of_a_grid_is_the_column_that_links() -> None:
    spec = GridSpec("orders", "Orders", [GridColumn("state", "State"), GridColumn("number", "Number", link=True)])

    assert spec.key_column == "number"


def test_our_scripts_never_turn_text_into_markup_and_fetch_nothing_from_elsewhere() -> None:
    for path in SCRIPTS:
        source = path.read_text("utf-8")

        assert not MARKUP.search(source), path
        assert not re.search(r"https?://", source), path


def test_our_style_sheets_have_no_capitals_letter_spacing_or_foreign_addresses() -> None:
    for path in SHEETS:
        source = path.read_text("utf-8")

        assert "uppercase" not in source, path
        assert not re.search(r"letter-spacing:(?!0)", source), path
        assert not re.search(r"https?://", source), path


async def test_an_asset_is_kept_for_a_year_under_its_content_hash(user: User) -> None:
    answer = await user.http_client.get(asset_url("house.css"))
    old = await user.http_client.get("/static/qudao/house.000000000000.css")

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert old.status_code == 404


async def test_a_page_speaks_the_language_of_the_request(user: User) -> None:
    chinese = await user.http_client.get("/gallery/record")
    english = await user.http_client.get("/gallery/record", headers={"Cookie": "qudao_language=en"})

    assert '<html lang="zh-CN">' in chinese.text
    assert "退出登录" in chinese.text
    assert '<html lang="en-US">' in english.text
    assert "Sign out" in english.text


async def test_the_frame_marks_the_current_place_and_counts_what_waits(user: User) -> None:
    await user.open("/gallery/list")

    assert one(user, "nav-orders").props["aria-current"] == "page"
    assert "aria-current" not in one(user, "nav-approvals").props
    await user.should_see("12 件待处理")
    assert user.client is not None
    assert user.client.title == "订单 · 渠道 Qudao"


async def test_rows_never_travel_through_the_page_and_code_only_as_names_of_our_functions(user: User) -> None:
    await user.open("/gallery/list")
    (grid,) = user.find(ui.aggrid).elements

    code = list(code_in(grid.props["options"]))

    assert "rowData" not in grid.props["options"]
    assert code
    assert all(re.fullmatch(r"window\.qudao\.grid\.\w+(\(\))?", value) for value in code)


async def test_an_action_gets_exactly_the_rows_chosen(user: User) -> None:
    await user.open("/gallery/list")

    found(user, "grid-orders").trigger("selectionaction", {"detail": {"action": "approve", "keys": [{"evil": 1}]}})
    found(user, "grid-orders").trigger("selectionaction", {"detail": {"action": "unknown", "keys": ["SO-3"]}})
    found(user, "grid-orders").trigger(
        "selectionaction",
        {"detail": {"action": "approve", "keys": ["SO-1", "SO-2"], "all": False, "query": "q=x", "count": 2}},
    )

    await user.should_see("2: SO-1+SO-2 False q=x")
    (toasts,) = user.find(Toasts).elements
    assert len(toasts.default_slot.children) == 1


async def test_a_question_that_asks_for_a_reason_is_not_answered_without_one(user: User) -> None:
    await user.open("/gallery/approvals")
    await user.should_see("特价订单")

    found(user, "action-reject").click()
    await user.should_see("驳回 1 单？")
    found(user, "action-confirm").click()
    await user.should_see("请填写原因")
    state(user, "reason", "价格\x07过低")
    found(user, "action-confirm").click()
    await user.should_see("第 3 个字符是控制字符 U+0007")
    state(user, "reason", "价格过低")
    found(user, "action-confirm").click()

    await user.should_see("已驳回：价格过低")
    assert not is_there(user, "action-confirm")


async def test_what_must_be_typed_exactly_is_checked(user: User) -> None:
    await user.open("/gallery/parts")

    found(user, "action-delete").click()
    await user.should_see("不能撤销")
    state(user, "confirm", "批次")
    found(user, "action-confirm").click()
    await user.should_see("请原样输入“批次12”")
    found(user, "action-cancel").click()

    await user.should_not_see("不能撤销")


async def test_a_toast_offers_to_undo_and_undoes(user: User) -> None:
    await user.open("/gallery/approvals")
    await user.should_see("特价订单")

    found(user, "action-approve").click()
    await user.should_see("已同意 1 单")
    found(user, "action-undo").click()

    await user.should_see("已撤销")
    await user.should_not_see("已同意 1 单")


async def test_a_problem_stands_under_its_field_and_is_tied_to_it(user: User) -> None:
    await user.open("/gallery/parts")

    found(user, "action-save").click()

    await user.should_see("手机号应为 11 位")
    phone = one(user, "field-phone")
    assert phone.props["aria-invalid"] == "true"
    assert phone.props["aria-required"] == "true"
    assert len(phone.props["aria-describedby"].split()) == 2


async def test_a_list_beside_its_detail_marks_what_is_open(user: User) -> None:
    await user.open("/gallery/approvals")
    await user.should_see("特价订单 SO-202611-A0")

    found(user, "item-A3").click()

    await user.should_see("特价订单 SO-202611-A3")
    assert one(user, "item-A3").props["aria-current"] == "true"
    assert "aria-current" not in one(user, "item-A0").props


async def test_a_plain_page_escapes_what_it_is_given_and_has_nothing_inline(user: User) -> None:
    dark = await user.http_client.get("/gallery/plain/error?words=<script>", headers={"Cookie": "qudao_mode=dark"})
    odd = await user.http_client.get("/gallery/plain/error", headers={"Cookie": 'qudao_mode="><script>'})

    assert '<html lang="zh-CN" data-mode="dark">' in dark.text
    assert "&lt;b&gt;" in dark.text
    assert "<b>" not in dark.text
    assert '<html lang="zh-CN">' in odd.text
    assert not re.search(r"<script|<style|\son\w+=|style=", dark.text)
    assert len(dark.content) < 3_000


def code_in(value: object) -> list[str]:
    """Return every value below a key that begins with a colon."""
    if isinstance(value, dict):
        own = [str(inner) for key, inner in value.items() if key.startswith(":")]
        return own + [code for inner in value.values() for code in code_in(inner)]
    if isinstance(value, list):
        return [code for inner in value for code in code_in(inner)]
    return []


def contrast(one_colour: str, other_colour: str) -> float:
    """Return the contrast ratio of WCAG 2.2 between two colours like "#0B6B62"."""
    high, low = sorted((luminance(one_colour), luminance(other_colour)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
