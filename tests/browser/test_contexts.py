"""Contexts of the browser, which the tests of this folder share one after another."""

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.support.browsing import KEPT_MAX, Contexts

STORE = """async () => {
  localStorage.setItem("left", "1");
  sessionStorage.setItem("left", "1");
  document.cookie = "left=1";
  await caches.open("left");
  await new Promise((done) => { indexedDB.open("left").onsuccess = done; });
}"""
LEFT = """async () => [
  Object.keys(localStorage), Object.keys(sessionStorage), document.cookie, await caches.keys(),
  (await indexedDB.databases()).map((one) => one.name),
]"""


def open_page(context: BrowserContext, address: str):
    page = context.new_page()
    page.goto(f"{address}/login")
    expect(page.get_by_test_id("sign-in")).to_be_visible()
    return page


def test_a_context_that_was_lent_before_has_nothing_of_that(contexts: Contexts, address: str):
    first = contexts.lend(locale="en-US")
    page = open_page(first, address)
    fresh = page.evaluate(LEFT)
    page.evaluate(STORE)
    assert page.evaluate(LEFT) != fresh
    first.set_offline(True)

    contexts.take_back()
    again = contexts.lend(locale="en-US")

    assert (again is first, len(again.pages)) == (True, 1)
    assert open_page(again, address).evaluate(LEFT) == fresh


def test_contexts_that_are_lent_at_once_or_opened_otherwise_are_not_the_same(contexts: Contexts):
    one, same, other = contexts.lend(locale="en-US"), contexts.lend(locale="en-US"), contexts.lend(locale="zh-CN")

    assert len({one, same, other}) == 3


@pytest.mark.parametrize("is_kept", [False, True])
def test_few_contexts_are_kept_and_none_that_was_changed_for_good(contexts: Contexts, is_kept: bool):
    lent = [contexts.lend(is_kept=is_kept, locale="en-US") for _ in range(KEPT_MAX + 1)]

    contexts.take_back()

    again = [contexts.lend(locale="en-US") for _ in range(KEPT_MAX + 1)]
    assert len([one for one in again if one in lent]) == (KEPT_MAX if is_kept else 0)
