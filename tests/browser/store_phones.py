"""A phone and a server with stores, for the tests that look at stores in a real browser."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import ExifTags, Image, ImageDraw
from playwright.sync_api import Page, expect
from sqlalchemy import select

from core.access import Actor
from core.database.sessions import connect, reading
from models.stores import Store
from tests.conftest import ADMIN
from tests.pages.staff_rows import state_rows
from tests.support.browsing import Contexts
from tests.support.looking import keep, sign_in
from tests.support.server import serving_copy

DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
BUND = {"latitude": 31.239, "longitude": 121.4858, "accuracy": 8}
"""So exact that the phone asks once; where it is less so, it asks five times, with pauses of 600 ms."""
REGISTER = "/stores/register"
PATIENCE_MS = 30_000
NO_ANSWER = "navigator.geolocation.getCurrentPosition = () => undefined;"
NO_SIGNAL = "navigator.geolocation.getCurrentPosition = (_found, failed) => failed({ code: 2 });"


STORES = ("-m", "tests.pages.stores.stores_main")
"""What Python runs: the pages of stores alone."""


@pytest.fixture(scope="package")
def stores_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stores")


@pytest.fixture(scope="package")
def stores_server(sqlite_template: Path, stores_folder: Path) -> Iterator[str]:
    with serving_copy(sqlite_template, stores_folder, command=STORES) as found:
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


@pytest.fixture
def stores_address(stores_server: str, stores_folder: Path) -> Iterator[str]:
    """Connect this process to the database that is served; give the address."""
    engine = connect(f"sqlite:///{stores_folder / 'qudao.db'}")
    yield stores_server
    engine.dispose()


Phone = Callable[..., Page]


@pytest.fixture
def patience() -> Iterator[None]:
    """Wait longer than usual: the first registration of a server reads all regions."""
    expect.set_options(timeout=PATIENCE_MS)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
def phone(contexts: Contexts, stores_address: str) -> Iterator[Phone]:
    """Give a function that opens a phone: with a person signed in or nobody, a position or a refusal."""
    errors: list[str] = []

    def make(actor: Actor | None = None, **options: object) -> Page:
        made = {"viewport": PHONE, "locale": "en-US", "geolocation": BUND, "permissions": ["geolocation"]} | options
        context = contexts.lend(**made)
        keep(context, stores_address, qudao_language="en")
        if actor is not None:
            sign_in(context, stores_address, actor)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield make
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
