"""Pictures over HTTP: handed in by anyone within limits, shown again to who holds the reference, never as they came."""

import base64
from io import BytesIO

import pytest
from nicegui.testing import User
from PIL import Image

from core.database.sessions import transact
from core.files.pictures import PICTURE_BYTES_MAX
from core.settings import settings
from services.accounts.attempts import VISITORS_PER_ADDRESS, count_from_address
from services.accounts.sessions import AUTHENTICATION
from services.files import received_contents
from services.files.pictures import picture_of
from tests.browser.signing_in import sign_in_as
from tests.conftest import HUADONG_CLERK
from tests.core.files.test_pictures import BUND, coded, shop, tagged
from tests.pages.staff_rows import answer_to_test_host

pytestmark = pytest.mark.nicegui_main_file("tests/pages/stores/stores_main.py")
HEADERS = {"Origin": "http://test", "Content-Type": "application/octet-stream", "Accept": "application/json"}
ENGLISH = {"Accept-Language": "en"}


@pytest.fixture(autouse=True)
def host(sqlite_database, monkeypatch):
    answer_to_test_host(monkeypatch)


async def hand_in(user: User, content: bytes, **headers: str):
    return await user.http_client.post("/pictures", content=content, headers=HEADERS | headers)


async def test_an_anonymous_user_uploads_a_picture_and_sees_it_without_metadata(user: User) -> None:
    answer = await hand_in(user, tagged({}, BUND, Model="P60"))

    shown = await user.http_client.get(answer.json()["url"])
    assert (answer.status_code, answer.json()["width"], answer.json()["height"]) == (201, 320, 240)
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["cache-control"].startswith("private")
    assert not Image.open(BytesIO(shown.content)).getexif()


async def test_a_browser_that_has_the_picture_is_told_that_it_did_not_change(user: User) -> None:
    sign_in_as(user.http_client, HUADONG_CLERK)
    url = (await hand_in(user, coded(shop()))).json()["url"]
    first = await user.http_client.get(url)

    again = await user.http_client.get(url, headers={"If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")


async def test_a_made_up_reference_shows_nothing(user: User) -> None:
    answer = await user.http_client.get("/pictures/../../etc/passwd")
    other = await user.http_client.get("/pictures/abc.def", headers={"Accept": "application/json"})

    assert answer.status_code == 404
    assert (other.status_code, other.json()["code"]) == (422, "pictures.reference_not_valid")


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"%PDF-1.7", 422, "pictures.not_a_picture"),
        (coded(shop())[:900], 422, "pictures.damaged"),
        (bytes(PICTURE_BYTES_MAX + 1), 413, "requests.too_large"),
    ],
    ids=["no picture", "damaged", "too large"],
)
async def test_what_is_no_picture_is_refused_in_words(user: User, content: bytes, status: int, code: str) -> None:
    sign_in_as(user.http_client, HUADONG_CLERK)

    answer = await hand_in(user, content)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert len(answer.json()["message"]) > 10
    assert not list((settings().data_dir / "files").glob("*/*"))


async def test_no_address_of_a_picture_says_what_the_camera_wrote(user: User) -> None:
    answer = await hand_in(user, tagged({}, BUND, Model="P60"))
    handed = picture_of(answer.json()["reference"])
    hidden = (f"{handed.latitude:.2f}", f"{handed.longitude:.2f}", "P60", "latitude", handed.sha256)

    pieces = answer.json()["url"].removeprefix("/pictures/").replace("=", "").split(".")
    for part in (piece[start:] for piece in pieces for start in range(4)):
        decoded = base64.urlsafe_b64decode(part[: len(part) // 4 * 4]).decode("latin-1")
        assert not [one for one in hidden if one in part or one in decoded]


async def test_a_used_up_quota_of_pictures_says_when_to_try_again_and_nothing_is_stored(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(received_contents, "ADDRESS_PICTURE_BYTES_MAX", 6_000)  # one of the smallest, not two
    pictures = [coded(shop(40, 30, colour=colour)) for colour in ("#123456", "#654321")]
    answers = [await hand_in(user, picture, **ENGLISH) for picture in pictures]
    stored = list((settings().data_dir / "files").glob("*/*"))
    sign_in_as(user.http_client, HUADONG_CLERK)
    signed_in = await hand_in(user, coded(shop(40, 30)))

    assert [answer.status_code for answer in answers] == [201, 429]
    assert answers[1].json()["code"] == "contents.quota"
    assert "MB of photos may be sent a day" in answers[1].json()["message"]
    assert int(answers[1].headers["retry-after"]) > 80_000
    assert (len(stored), signed_in.status_code) == (1, 201)


async def test_a_disk_that_is_nearly_full_takes_no_picture(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(received_contents, "DISK_FLOOR_BYTES", 2**60)

    answer = await hand_in(user, coded(shop()), **ENGLISH)

    assert (answer.status_code, answer.json()["code"]) == (507, "contents.disk_full")
    assert "administrator" in answer.json()["message"]
    assert int(answer.headers["retry-after"]) > 0
    assert not list((settings().data_dir / "files").glob("*/*"))


async def test_another_site_cannot_make_a_browser_hand_in_pictures(user: User) -> None:
    answer = await hand_in(user, coded(shop()), Origin="http://evil.example")

    assert answer.status_code == 403


async def test_an_anonymous_user_uploads_some_pictures_a_minute_and_not_hundreds(user: User) -> None:
    content = coded(shop(40, 30))
    for _ in range(VISITORS_PER_ADDRESS - 1):
        transact(
            AUTHENTICATION, lambda session: count_from_address(session, "127.0.0.1#pictures", VISITORS_PER_ADDRESS)
        )

    answers = [(await hand_in(user, content)).status_code for _ in range(2)]
    sign_in_as(user.http_client, HUADONG_CLERK)
    signed_in = await hand_in(user, content)

    assert answers == [201, 429]
    assert signed_in.status_code == 201
