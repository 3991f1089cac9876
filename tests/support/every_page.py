"""Every page that a demo brand fills, found by introspection, for tests that look at all of them."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

import resources
from core import schema
from core.access import Actor, Role, command_line
from core.database import connect, unit_of_work
from models.users import User
from pages.identity import cookie_name
from services.demo import DemoSize, load_demo
from tests.pages.signing_in import session_of
from tests.support.server import serving
from tests.support.source import ROOT

SIZE = DemoSize(partners=30, stores=40, orders=150, seed=7)
DESKTOP, PHONE = (1440, 900), (390, 844)
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "resultTypes": ["violations"],  # what passes is not described: half the time
}
READY = "qudao-grid:is([data-state=ready], [data-state=empty])"
SEEN_ELSEWHERE = {"/login/code": "asks for a second factor, walked through in test_browser_sign_in"}
FILTERED = {"/orders/{number}/edit": "/grid/orders?limit=1&status=draft"}
"""Page → where its key is found, if not simply in the list it belongs to."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is looked at: size of the window in pixels, colours, language."""

    size: tuple[int, int]
    mode: str
    language: str

    @property
    def name(self) -> str:
        """Return e.g. "1440-light-zh"."""
        return f"{self.size[0]}-{self.mode}-{self.language[:2]}"


EVERY_LOOK = [
    Look(size, mode, language)
    for size in (DESKTOP, PHONE)
    for mode in ("light", "dark")
    for language in ("zh_CN", "en")
]


@dataclass(frozen=True, slots=True)
class Brand:
    """A served demo brand: its address, and a cookie by the role of who is signed in."""

    address: str
    cookies: dict[Role, str]


@contextmanager
def demo_brand(folder: Path) -> Iterator[Brand]:
    """Serve a small demo brand from a folder, with people of several roles signed in."""
    url = f"sqlite:///{folder / 'qudao.db'}"
    engine = connect(url)
    schema.migrate(engine)
    load_demo(command_line(), SIZE, lambda _: None)
    cookies = {role: session_of(_somebody(role)) for role in (Role.ADMINISTRATOR, Role.PARTNER_OWNER)}
    with serving(url, folder, totp_roles="") as address:
        yield Brand(address, cookies)
    engine.dispose()


def _somebody(role: Role) -> Actor:
    with unit_of_work(command_line()) as session:
        user = session.scalar(select(User).where(User.role == role.value).order_by(User.id).limit(1))
        if user is None:
            user = User(email=f"{role.value}@pages.example.com", name=role.value, role=role.value, status="active")
            session.add(user)
            session.flush()
        return Actor(user.email, role, user.email, user.id, user.partner_id, user.path)


def page_paths(brand: Brand, role: Role | None) -> list[str]:
    """Return the path of every page that this role may open, keys filled in; None is who is not signed in.

    Left out are the records of lists that the demo brand leaves empty, and the steps of one import, which
    ``test_import_browser`` walks through.
    """
    command = [sys.executable, "-m", "tests.support.routes"]
    routes = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    cookies = {} if role is None else {cookie_name(): brand.cookies[role]}
    found = []
    with httpx.Client(base_url=brand.address, cookies=cookies, headers={"Accept": "text/html"}) as client:
        for route in routes:
            if route["method"] != "GET" or (route["policy"] == "public") is not (role is None):
                continue
            path = _filled(route["path"], client)
            if path is None:
                continue
            answer = client.get(path)
            if answer.status_code == 200 and answer.headers["content-type"].startswith("text/html"):
                found.append(path)
    return found


def _filled(path: str, client: httpx.Client) -> str | None:
    """Return a path with a real key in it; None of what is no page, or cannot be opened by this person."""
    first, *rest = path.strip("/").split("/")
    is_import = first in {"imports"} or "import" in rest
    if path in SEEN_ELSEWHERE or "." in path.rsplit("/", 1)[-1] or (is_import and "{" in path):
        return None
    if "{" not in path:
        return path
    if first not in resources.BY_NAME:
        return None  # /grid/… and /export/… answer rows, not pages
    answer = client.get(FILTERED.get(path, f"/grid/{first}?limit=1"))
    rows = answer.json()["rows"] if answer.status_code == 200 else []
    if not rows:
        return None
    key = rows[0]["_key"]
    return "/" + "/".join([first, *(key if part.startswith("{") else part for part in rest)])


def settle(page: Page) -> None:
    """Wait until a page is drawn, its socket is open, its list has rows and its colours have faded in."""
    page.wait_for_load_state("networkidle")
    if page.locator("qudao-grid").count():
        page.locator(READY).first.wait_for()
    page.wait_for_timeout(250)


def barriers(page: Page, look: Look) -> list[str]:
    """Return what keeps somebody from using a page: axe's findings at A and AA, and being wider than the window."""
    found = Axe().run(page, options=RULES).response["violations"]
    wrong = [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]
    width = page.evaluate("document.documentElement.scrollWidth")
    return [*wrong, *([f"{width} px wide"] if width > look.size[0] else [])]


def walk(
    browser: Browser, brand: Brand, role: Role | None, look: Look, seen: Callable[[str, Page], None] | None = None
) -> dict[str, list[str]]:
    """Open every page of a role; return path → what is wrong with it, of those where something is.

    Args:
        browser: Chromium.
        brand: Whose pages.
        role: Who looks; None for somebody who is not signed in.
        look: How.
        seen: Is given each page when it is drawn.
    """
    context = browser.new_context(viewport={"width": look.size[0], "height": look.size[1]})
    kept = {"qudao_mode": look.mode, "qudao_language": look.language}
    if role is not None:
        kept[cookie_name()] = brand.cookies[role]
    context.add_cookies([{"name": name, "value": value, "url": brand.address} for name, value in kept.items()])
    wrong: dict[str, list[str]] = {}
    for path in page_paths(brand, role):
        page, errors = context.new_page(), []
        page.on("console", lambda message, errors=errors: message.type == "error" and errors.append(message.text))
        page.on("pageerror", lambda error, errors=errors: errors.append(str(error)))
        page.goto(brand.address + path)
        settle(page)
        expect(page.locator("h1")).to_have_count(1)
        if seen is not None:
            seen(path, page)
        if found := [*errors, *barriers(page, look)]:
            wrong[path] = found
        page.close()
    context.close()
    return wrong
