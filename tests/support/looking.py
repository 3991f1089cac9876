"""Looking at pages as a person does: sizes of windows, kept choices, what is reported, and what keeps somebody out."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

from core.access import Actor
from pages.web.identity import cookie_name
from tests.browser.signing_in import session_of

DESKTOP, PHONE = (1440, 900), (390, 844)
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "resultTypes": ["violations"],  # what passes is not described: half the time
    "preload": False,  # for rules about sound and video, which no page has
}

CUT_OFF = """() => [...document.querySelectorAll("main :is(button, .qd-btn, input)")].filter((one) => {
  const own = one.getBoundingClientRect();
  for (let up = one.parentElement; own.width && up && up.tagName !== "MAIN"; up = up.parentElement) {
    if (getComputedStyle(up).overflowX === "visible") continue;
    const box = up.getBoundingClientRect();
    if (own.right > box.right + 1 || own.left < box.left - 1) return !up.matches(".qd-filters-row");
  }
  return false;
}).map((one) => one.outerHTML.slice(0, 200))"""
"""What a person acts on and has to scroll sideways for; filters are meant to be pushed along."""


def keep(context: BrowserContext, address: str, **cookies: str) -> None:
    """Let a browser bring cookies along: ``qudao_mode``, ``qudao_language``, …"""
    context.add_cookies([{"name": name, "value": value, "url": address} for name, value in cookies.items()])


def sign_in(context: BrowserContext, address: str, actor: Actor) -> None:
    """Let somebody of the cast be signed in to a browser."""
    keep(context, address, **{cookie_name(): session_of(actor)})


def note_errors(page: Page, errors: list[str] | None = None) -> list[str]:
    """Return the errors of script or security policy that a page reports from now on; a list to fill may be given."""
    errors = [] if errors is None else errors
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    return errors


def faults(page: Page, *, within: str | None = None) -> list[str]:
    """Return what axe finds wrong at A and AA in a page, or below a selector; and what the window is too narrow for."""
    found = Axe().run(page, context=within, options=RULES).response["violations"]
    return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]] + misfits(page)


def misfits(page: Page) -> list[str]:
    """Return what the window is too narrow for."""
    is_wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    cut_off = [f"cut off: {html}" for html in page.evaluate(CUT_OFF)]
    return [*cut_off, *["wider than the window"] * is_wide]
