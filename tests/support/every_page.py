"""Every page that there is, found by introspection, for tests that look at all of them."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import httpx
from playwright.sync_api import Browser, Page, expect

import resources
from core.permissions import ROLE_PERMISSIONS, Permission, Role
from pages.web.identity import cookie_name
from tests.support.looking import DESKTOP, PHONE, faults, keep, misfits, note_errors
from tests.support.page_brand import Brand
from tests.support.source import ROOT

READY = "qudao-grid:is([data-state=ready], [data-state=empty])"
CONNECTED = "document.readyState === 'complete' && (window.socket === undefined || window.did_handshake === true)"
"""A plain page is loaded; one of NiceGUI has its socket, through which the rest of it comes."""
DRAWN = """async () => {
  await document.fonts.ready;
  await new Promise((resolve) => {
    const begin = () => setTimeout(() => { observer.disconnect(); resolve(); }, 100);
    let timer = begin();
    const observer = new MutationObserver(() => { clearTimeout(timer); timer = begin(); });
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    setTimeout(() => { clearTimeout(timer); observer.disconnect(); resolve(); }, 5000);
  });
  const ends = (one) => one.effect && one.effect.getTiming().iterations !== Infinity;
  await Promise.all(document.getAnimations().filter(ends).map((one) => one.finished.catch(() => null)));
}"""
"""Resolves when the document has not changed for 100 ms (a progress bar may change for ever: 5 s) and faded in."""
PATIENCE_MS = 120_000  # for a page on a machine that is busy with other tests
EACH_RUN = (Role.ADMINISTRATOR, None)
"""Roles whose pages are all opened on each run: together they may open every route. None is an anonymous user."""
FURTHER: dict[Role, tuple[str, ...]] = {
    Role.PARTNER_OWNER: ("/", "/orders/new", "/orders/{number}/edit", "/prices", "/partners/{key:path}", "/users/new"),
    Role.PARTNER_CLERK: ("/", "/orders/{number}"),
    Role.EXECUTIVE: ("/", "/partners/{key:path}"),
    Role.OPERATIONS: ("/", "/applications/review", "/stores/review"),
    Role.SALES: ("/", "/customers/{key:path}"),
    Role.FINANCE: ("/", "/approvals", "/orders/{number}"),
    Role.MARKETING: ("/", "/products/{key:path}"),
    Role.HR: ("/", "/users"),
    Role.IT: ("/", "/events/{number}"),
}
"""Role → routes whose pages differ from those of the administrator; the others are built of the same parts."""
FILTERED = {
    "/orders/{number}/edit": "/grid/orders?limit=1&status=draft",
    "/applications/{number}/edit": "/grid/applications?limit=1&status=draft",
    "/users/{email}/leave": "/grid/users?limit=1&role=sales",  # who looks after customers
}
"""Page → where its key is found, if not simply in the list it belongs to."""
PUBLIC_AND_FOR = {"/stores/register": Permission.STORE_REGISTER}
"""Public route → permission that a signed-in user needs for it; its page is a different one for them."""
NO_PAGE = (
    {
        "/login/code": "asks for a second factor, walked through in test_browser_sign_in",
        "/setup": "opens once, in an empty installation: walked through in test_plain_pages",
        "/grid/{name}": "answers rows",
        "/stores/map/clusters": "answers rows",
        "/export/{file}": "answers a file",
        "/export/pivot/{file}": "answers a file",
        "/pictures/{reference}": "answers a picture",
        "/applications/{number}/licence": "answers a picture",
        "/apply/{token}/licence": "answers a picture",
        "/stores/{code}/photos/{photo_id}": "answers a picture",
        "/imports/{batch_id:int}": "leads on to the import's own page",
        "/notifications/{notification_id:int}": "marks one as read and leads on to its record",
        "/healthz": "answers programs",
        "/readyz": "answers programs",
    }
    | {
        f"/{name}/import/{{batch_id:int}}": "its steps are those of customers"
        for name, one in resources.SHEETS.items()
        if one.edit and one.save and name != "customers"
    }
    | {
        f"/{name}/pivot": "is built of the same parts as that of orders"
        for name in resources.BY_NAME
        if name != "orders"
    }
)
"""Route that a browser can ask for and that shows no page here → why."""


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


SPREAD_LOOKS = (
    Look(DESKTOP, "light", "zh_CN"),
    Look(PHONE, "dark", "zh_CN"),
    Look(DESKTOP, "dark", "en"),
    Look(PHONE, "light", "en"),
)
"""Looks of which the pages of one run take turns: each pair of size, colours and language occurs."""


@cache
def html_routes() -> dict[str, str]:
    """Return path → policy of every route that a browser may open; those of files, which end in .xlsx, are none."""
    command = [sys.executable, "-m", "tests.support.routes"]
    routes = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    found = {route["path"]: route["policy"] for route in routes if route["method"] == "GET"}
    return {path: policy for path, policy in found.items() if "." not in path.rsplit("/", 1)[-1]}


def page_paths(brand: Brand, role: Role | None, routes: Iterable[str] | None = None) -> list[str]:
    """Return the addresses of the pages that this role may open, keys filled in.

    Args:
        brand: Whose pages.
        role: Who opens them; None for an anonymous user.
        routes: Which, in this order; None for all of them.
    """
    allowed = [
        route for route, policy in html_routes().items() if route not in NO_PAGE and _may_open(route, policy, role)
    ]
    wanted = allowed if routes is None else [route for route in routes if route in allowed]
    with _signed_in(brand, role) as client:
        return [path for route in wanted for path in _filled(route, brand.paths.get(role, {}), client)]


def routes_without_page(brand: Brand) -> set[str]:
    """Return the routes of which no page is opened on each run."""
    shown = set()
    for role in EACH_RUN:
        with _signed_in(brand, role) as client:
            for route, policy in html_routes().items():
                if (
                    route not in NO_PAGE
                    and _may_open(route, policy, role)
                    and any(_filled(route, brand.paths.get(role, {}), client))
                ):
                    shown.add(route)
    return set(html_routes()) - shown


def _may_open(route: str, policy: str, role: Role | None) -> bool:
    if role is None:
        return policy == "public"
    return policy == "signed in" or PUBLIC_AND_FOR.get(route, policy) in ROLE_PERMISSIONS[role]


@contextmanager
def _signed_in(brand: Brand, role: Role | None) -> Iterator[httpx.Client]:
    cookies = {} if role is None else {cookie_name(): brand.cookies[role]}
    with httpx.Client(base_url=brand.address, cookies=cookies, timeout=60) as client:
        yield client


def _filled(route: str, known: Mapping[str, tuple[str, ...]], client: httpx.Client) -> Iterable[str]:
    """Return the addresses of a route: itself, those that are known, or one with a key out of its list."""
    if route in known:
        return known[route]
    if "{" not in route:
        return (route,)
    first, *rest = route.strip("/").split("/")
    if first not in resources.BY_NAME or "{batch_id" in route:
        return ()
    answer = client.get(FILTERED.get(route, f"/grid/{first}?limit=1"))
    rows = answer.json()["rows"] if answer.status_code == 200 else []
    return ("/" + "/".join([first, *(row["_key"] if part.startswith("{") else part for part in rest)]) for row in rows)


def settle(page: Page) -> None:
    """Wait until a page is drawn, its socket is open, its lists have rows and its colours have faded in."""
    page.wait_for_function(CONNECTED)
    if page.locator("qudao-grid").count():
        page.locator(READY).first.wait_for()
    if page.locator(".qd-map-list").count():
        page.locator(".qd-map-list-head").wait_for()
    page.evaluate(DRAWN)


def walk(
    browser: Browser,
    brand: Brand,
    role: Role | None,
    looks: Sequence[Look],
    paths: Sequence[str],
    seen: Callable[[str, Page], None] | None = None,
) -> dict[str, list[str]]:
    """Open pages in one tab; return path → what is wrong with it, of those where something is; "log" → failures.

    What the last page reports while it is left is under "end".

    Each page is scanned in its look and then fitted into a window of the other size.

    Args:
        browser: Chromium.
        brand: Whose pages.
        role: Who opens them; None for an anonymous user.
        looks: How; the pages take turns.
        paths: Which, see ``page_paths``.
        seen: Is given each page when it is drawn.
    """
    context = browser.new_context(reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    if role is not None:
        keep(context, brand.address, **{cookie_name(): brand.cookies[role]})
    page = context.new_page()
    errors = note_errors(page)  # of a page that is being left they are listed with the next one
    wrong: dict[str, list[str]] = {}
    for number, path in enumerate(paths):
        found = _opened(page, brand, path, looks[number % len(looks)], seen)
        if found := [*found, *errors]:
            wrong[path] = found
        errors.clear()
    page.goto("about:blank")
    if errors:
        wrong["end"] = errors
    context.close()
    if traces := brand.log.read_text("utf-8").split("Traceback")[1:]:
        wrong["log"] = [trace[-500:] for trace in traces]
    return wrong


def _opened(page: Page, brand: Brand, path: str, look: Look, seen: Callable[[str, Page], None] | None) -> list[str]:
    """Open one page in a tab; return what is wrong with it."""
    _resize(page, look.size)
    keep(page.context, brand.address, qudao_mode=look.mode, qudao_language=look.language)
    answer = page.goto(brand.address + path)
    settle(page)
    expect(page.locator("h1")).to_have_count(1, timeout=PATIENCE_MS)
    if seen is not None:
        seen(path, page)
    found = [f"answers {answer.status}"] if answer and not answer.ok else []
    found += page.locator(".qd-toast[data-tone=danger]").all_inner_texts()  # what failed while it was drawn
    found += [f"{look.name}: {fault}" for fault in faults(page)]
    other = PHONE if look.size == DESKTOP else DESKTOP
    _resize(page, other)
    settle(page)
    return found + [f"{look.name}, resized to {other[0]}: {fault}" for fault in misfits(page)]


def _resize(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
