"""A phone and a server with stores, for the tests that look at stores in a real browser."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from io import BytesIO
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest
from PIL import ExifTags, Image, ImageDraw
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from sqlalchemy import select

from core.access import Actor
from core.database import connect, reading
from models.stores import Store
from pages.identity import cookie_name
from tests.conftest import ADMIN
from tests.pages.signing_in import session_of
from tests.pages.staff_rows import state_rows
from tests.support.browser import launch_options
from tests.support.server import START_S_MAX
from tests.support.source import ROOT

DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
BUND = {"latitude": 31.239, "longitude": 121.4858, "accuracy": 12}
REGISTER = "/stores/register"
HOST = "shop.example"
PATIENCE_MS = 30_000
NO_ANSWER = "navigator.geolocation.getCurrentPosition = () => undefined;"
NO_SIGNAL = "navigator.geolocation.getCurrentPosition = (_found, failed) => failed({ code: 2 });"


@contextmanager
def served(folder: Path, template: Path, public: str = "") -> Iterator[str]:
    """Serve the pages of stores with a database that the tests reach too; give their address."""
    shutil.copy(template, folder / "qudao.db")
    url = f"sqlite:///{folder / 'qudao.db'}"
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "NICEGUI_"))}
    kept |= {"QUDAO_PORT": str(port), "QUDAO_DATA_DIR": str(folder), "QUDAO_STORES_DATABASE": url}
    address = f"http://{public}:{port}" if public else f"http://127.0.0.1:{port}"
    kept |= {"QUDAO_PUBLIC_URL": address} if public else {}
    server = subprocess.Popen([sys.executable, "-m", "tests.pages.stores_main"], cwd=ROOT, env=kept)
    engine = connect(url)
    try:
        _wait_for(f"http://127.0.0.1:{port}/healthz", server)
        yield address
    finally:
        server.terminate()
        server.wait()
        engine.dispose()


def _wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    """Wait until anything is answered: under an address it was not set up for, that is a refusal."""
    until = monotonic() + START_S_MAX
    while monotonic() < until and server.poll() is None:
        try:
            httpx.get(url)
            return
        except httpx.TransportError:
            sleep(0.1)
    raise TimeoutError("the server did not start")


@pytest.fixture(scope="module")
def stores_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stores")


@pytest.fixture(scope="module")
def stores_address(sqlite_template: Path, stores_folder: Path) -> Iterator[str]:
    with served(stores_folder, sqlite_template) as found:
        shops = range(1, 31)
        state_rows(
            "stores",
            {
                "code": [f"S{number:02}" for number in shops],
                "name": [f"青禾{number}号店" for number in shops],
                "partner": ["HD" if number % 2 else "BF" for number in shops],
                "region": ["310101" for _ in shops],
                "latitude": [str(31.2 + number / 1000) for number in shops],
                "longitude": [str(121.4 + number / 700) for number in shops],
            },
        )
        state_rows("stores", {"code": ["FAR"], "name": ["远店"], "region": ["310101"], "latitude": ["43.8"],
                              "longitude": ["87.6"]})  # fmt: skip
        yield found


@pytest.fixture(scope="module")
def stores_browser() -> Iterator[Browser]:
    options = launch_options()
    options["args"] = [*options["args"], f"--host-resolver-rules=MAP {HOST} 127.0.0.1"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(**options)
        yield opened
        opened.close()


Phone = Callable[..., Page]


@pytest.fixture
def patience() -> Iterator[None]:
    """Wait longer than usual: the first registration of a server reads all regions."""
    expect.set_options(timeout=PATIENCE_MS)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
def phone(stores_browser: Browser, stores_address: str) -> Iterator[Phone]:
    """Give a function that opens a phone: with a person signed in or nobody, a position or a refusal."""
    opened: list[BrowserContext] = []
    errors: list[str] = []

    def make(actor: Actor | None = None, **options: object) -> Page:
        made = {"viewport": PHONE, "locale": "en-US", "geolocation": BUND, "permissions": ["geolocation"]} | options
        context = stores_browser.new_context(**made)
        opened.append(context)
        cookies = {"qudao_language": "en"} | ({cookie_name(): session_of(actor)} if actor else {})
        context.add_cookies([{"name": name, "value": value, "url": stores_address} for name, value in cookies.items()])
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield make
    for context in opened:
        context.close()
    assert errors == []


def shop_front(**place: object) -> dict[str, object]:
    """Return a photo as a phone takes it, with place, time and model in it."""
    image = Image.new("RGB", (1600, 1200), "#cfe3f5")
    draw = ImageDraw.Draw(image)
    draw.rectangle((150, 350, 1450, 1200), fill=str(place.get("colour", "#3b6b52")))
    draw.rectangle((150, 200, 1450, 360), fill="#b42318")
    draw.ellipse((250, 500, 700, 1100), fill="#f3efe2")
    exif = Image.Exif()
    exif[ExifTags.Base.Model] = "P60"
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps |= {1: "N", 2: (31.0, 14.0, 20.4), 3: "E", 4: (121.0, 29.0, 9.0)}
    out = BytesIO()
    image.save(out, "JPEG", exif=exif)
    return {"name": "shop.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def store_named(name: str) -> Store | None:
    with reading(ADMIN) as session:
        return session.scalars(select(Store).where(Store.name == name)).one_or_none()


def measure(page: Page) -> None:
    page.get_by_test_id("action-locate").click()


def hand_in(page: Page) -> None:
    """Choose a photo and wait until it has arrived."""
    page.get_by_test_id("field-photos").set_input_files(shop_front())
    expect(page.locator("qudao-photos img")).to_be_visible()


def finish(page: Page, name: str) -> None:
    """Go on from a stated position to the registered store."""
    page.get_by_test_id("action-next-where").click()
    page.get_by_test_id("field-name").fill(name)
    page.get_by_test_id("field-phone").fill("13800138000")
    page.get_by_test_id("action-next-what").click()
    hand_in(page)
    page.get_by_test_id("action-register").click()
    expect(page.get_by_test_id("registered-code")).to_be_visible()
