"""The field of a condition in a real browser: whole on the screen, with an example, its fields, and what is wrong."""

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import LING
from tests.support.browsing import Contexts
from tests.support.looking import keep, sign_in

READY = 'qudao-grid[data-state="ready"]'


def page_of(contexts: Contexts, address: str, language: str, width: int = 1440) -> Page:
    context = contexts.lend(viewport={"width": width, "height": 900})
    sign_in(context, address, LING)
    keep(context, address, qudao_language=language)
    return context.new_page()


@pytest.mark.parametrize("width", [1440, 1100, 390])
def test_the_field_is_whole_and_offers_an_example_and_the_fields(contexts: Contexts, address: str, width: int) -> None:
    page = page_of(contexts, address, "zh_CN", width)
    page.goto(f"{address}/customers")
    page.locator(READY).wait_for()

    page.get_by_test_id("filter-where").click()

    field = page.get_by_test_id("condition")
    menu = page.locator(".qd-menu:popover-open")
    inner, outer = field.bounding_box(), menu.bounding_box()
    assert inner and outer
    assert 0 <= outer["x"] < inner["x"]
    assert inner["x"] + inner["width"] < outer["x"] + outer["width"] <= width
    assert menu.evaluate("menu => menu.scrollWidth <= menu.clientWidth")
    assert field.get_attribute("placeholder") == "例如 阶段 = 线索 且 创建时间 = 本月"

    menu.get_by_role("button", name="客户名称").click()

    assert field.input_value() == "客户名称 "


def test_a_wrong_condition_of_a_link_is_refused_beneath_its_field_and_can_be_dropped(
    contexts: Contexts, address: str
) -> None:
    page = page_of(contexts, address, "zh_CN")
    page.goto(f"{address}/customers?where=客户等级 = 1")

    expect(page.get_by_test_id("condition-problem")).to_contain_text(
        "这里没有字段“客户等级”。可用字段：客户编码、客户名称、阶段"
    )
    expect(page.get_by_test_id("condition")).to_have_value("客户等级 = 1")
    expect(page.get_by_test_id("condition")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("button", name="重试")).to_have_count(0)

    page.keyboard.press("Escape")
    page.locator(".qd-note").get_by_role("button").click()

    page.locator(READY).wait_for()
    assert "where" not in page.url


def test_a_region_of_a_link_is_called_by_its_name(contexts: Contexts, address: str) -> None:
    page = page_of(contexts, address, "en")
    page.goto(f"{address}/customers?region=320000")

    expect(page.get_by_test_id("filter-region")).to_have_text("Region: 江苏省")
