"""One address asks a real server for one thing hundreds of times a second: others go on working."""

from collections.abc import Iterator

import httpx
import pytest

from core.database.sessions import unit_of_work
from pages.components.base.theme import asset_url
from services.applications.applicant import begin_application
from services.applications.invites import InviteDraft, make_invite
from tests.browser.signing_in import sign_in_as
from tests.conftest import HUADONG_OWNER, LING
from tests.services.applications.support import APPLICANT
from tests.support.flood import flooding, percentile, times_of_requests
from tests.support.server import serving_copy

PER_SECOND = 200
SECONDS = 1.0
CALM_SECONDS = 1.0
PAUSE_S = 0.03
CLICK = "/grid/orders?limit=50"
P95_S_MAX = 2.0
TIMES_CALM_MAX = 5
"""How long a click of somebody else may take, the larger of both: the machine runs other tests meanwhile. The benchmark
holds the product to less."""
PATHS = {
    "sign-in": "/login",
    "set-up": "/setup",
    "application": "/apply",
    "held application": "/apply/{token}",
    "store": "/stores/register?invite={invite}",
    "alive": "/healthz",
    "ready": "/readyz",
    "file": asset_url("house.js"),
    "framework": "/_nicegui/none.js",
    "api": "/api/v1/orders",
    "nothing": "/nowhere",
}


@pytest.fixture(scope="module")
def address(sqlite_template, tmp_path_factory):
    with serving_copy(sqlite_template, tmp_path_factory.mktemp("flood")) as address:
        yield address


@pytest.fixture(scope="module")
def keys(address) -> dict[str, str]:
    """Give an invite and the link of an application."""
    with unit_of_work(HUADONG_OWNER) as session:
        invite = make_invite(session, InviteDraft(tiers=("store",))).code
    with unit_of_work(APPLICANT) as session:
        token = begin_application(session, {}).token
    return {"invite": invite, "token": token}


@pytest.fixture(scope="module")
def person(address) -> Iterator[httpx.Client]:
    """Give the client of somebody who is signed in."""
    with httpx.Client(base_url=address, timeout=30) as client:
        sign_in_as(client, LING)
        yield client


@pytest.fixture(scope="module")
def calm(person: httpx.Client) -> list[float]:
    """Measure how long a click takes while nothing else is asked."""
    return times_of_requests(person, CLICK, CALM_SECONDS, PAUSE_S)


@pytest.mark.parametrize("name", PATHS)
def test_a_flood_from_one_address_is_refused_and_others_go_on(
    address: str, keys: dict[str, str], person: httpx.Client, calm: list[float], name: str
):
    require_calm_for_others(address, PATHS[name].format(**keys), person, calm, SECONDS)


def require_calm_for_others(address: str, path: str, person: httpx.Client, calm: list[float], seconds: float) -> None:
    """Flood a path for so many seconds, and fail if it is answered with anything else or a person has to wait."""
    with flooding(address, path, per_second=PER_SECOND, seconds=seconds) as answers:
        times = times_of_requests(person, CLICK, seconds, PAUSE_S)

    assert set(answers) <= {"200", "401", "404", "429", "503", "given up"}, answers
    assert percentile(times, 95) <= max(P95_S_MAX, TIMES_CALM_MAX * percentile(calm, 95)), (calm, times)
