"""The pages of stores as the server draws them: who may open them, what they refuse, what a decision does."""

from datetime import UTC, datetime

import pytest
from nicegui.testing import User

from core.clock import freeze
from core.database.sessions import unit_of_work
from core.i18n import _, set_language
from core.settings import settings
from models.regions.table import table
from pages.stores.map_page import places
from resources.stores import STORES
from services.applications.invites import InviteDraft, make_invite, revoke_invites
from services.geocoding import PositionProposal, propose_positions
from services.stores.queries import find_store, store_findings
from services.stores.review import close_store
from tests.browser.finding import found, is_there, one, state
from tests.browser.signing_in import sign_in_as
from tests.conftest import ADMIN, BEIFANG_CLERK, HUADONG_CLERK, HUADONG_OWNER, LING, MEI, SUZHOU_CLERK, WEI
from tests.pages.orders.ordering_rows import seen
from tests.pages.staff_rows import answer_to_test_host, become, facts_of, state_rows

pytestmark = pytest.mark.nicegui_main_file("tests/pages/stores/stores_main.py")
WORLD = {"south": "-80", "west": "-180", "north": "80", "east": "180", "zoom": "3"}


@pytest.fixture(autouse=True)
def house(sqlite_database, monkeypatch):
    answer_to_test_host(monkeypatch)
    state_rows(
        "stores",
        {
            "code": ["HD1", "SZ1", "BF1", "ODD"],
            "name": ["豫园店", "观前店", "前门店", "错位店"],
            "partner": ["HD", "SZ", "BF", "HD"],
            "region": ["310101", "320508", "110101", "310101"],
            "latitude": ["31.2270", "31.3100", "39.8990", "43.8000"],
            "longitude": ["121.4920", "120.6270", "116.3980", "87.6000"],
        },
    )


async def test_who_is_not_signed_in_needs_an_invite(user: User) -> None:
    plain = await user.http_client.get("/stores/register")
    made_up = await user.http_client.get("/stores/register?invite=NOSUCH22", headers={"Accept-Language": "en"})

    assert (plain.status_code, plain.headers["location"]) == (303, "/login?next=%2Fstores%2Fregister")
    assert made_up.status_code == 404
    assert "invite" in made_up.text


@pytest.mark.parametrize("spoiled", ["used up", "revoked", "for others"])
async def test_an_invite_that_does_not_hold_says_so_in_a_plain_sentence(user: User, spoiled: str) -> None:
    with unit_of_work(HUADONG_OWNER) as session:
        tiers = ("dealer",) if spoiled == "for others" else ("store",)
        invite = make_invite(session, InviteDraft(tiers=tiers))
        code = invite.code
        invite.used_count = 1 if spoiled == "used up" else 0
    if spoiled == "revoked":
        with unit_of_work(HUADONG_OWNER) as session:
            revoke_invites(session, [code])

    answer = await user.http_client.get(f"/stores/register?invite={code}")

    assert answer.status_code in (404, 409, 422)
    assert "Traceback" not in answer.text


async def test_an_invite_brings_the_region_of_who_invites_along(user: User) -> None:
    state_rows("partners", {"code": ["HD"], "region": ["310101"]})
    with unit_of_work(HUADONG_OWNER) as session:
        code = make_invite(session, InviteDraft(tiers=("store",))).code

    first = await user.http_client.get(f"/stores/register?invite={code}")
    await user.http_client.post("/stores/register", data={"invite": code}, headers={"Origin": "http://test"})
    await user.open(f"/stores/register?invite={code}")

    assert (first.status_code, "nicegui" in first.text, "华东总代" in first.text) == (200, False, True)

    assert one(user, "field-region").value == "310101"  # type: ignore[attr-defined]
    await user.should_not_see(_("Something went wrong"))


async def test_a_role_that_registers_no_stores_is_told_who_can_help(user: User) -> None:
    sign_in_as(user.http_client, MEI)

    answer = await user.http_client.get("/stores/register")

    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("actor", "status"), [(LING, 200), (ADMIN, 200), (WEI, 403), (MEI, 403), (HUADONG_OWNER, 403), (BEIFANG_CLERK, 403)]
)
async def test_only_operations_and_administrators_open_the_inbox(user: User, actor, status: int) -> None:
    sign_in_as(user.http_client, actor)

    answer = await user.http_client.get("/stores/review")

    assert answer.status_code == status


async def test_the_inbox_shows_the_findings_and_a_decision_needs_a_note_where_it_says_so(user: User) -> None:
    set_language("en")
    sign_in_as(user.http_client, LING)
    await user.open("/stores/review")
    await seen(user, "错位店")
    await seen(user, "1 to decide")

    found(user, "action-close").click()
    await seen(user, "Please give a reason")
    state(user, "note", "不存在")
    found(user, "action-close").click()

    await become(lambda: facts_of("stores", "ODD", "status"), ("closed",))
    await seen(user, "0 to decide")


async def test_a_second_decision_is_refused_and_says_what_was_decided(user: User) -> None:
    set_language("en")
    sign_in_as(user.http_client, LING)
    await user.open("/stores/review?store=ODD")
    with freeze(datetime(2026, 11, 22, 10, 30, tzinfo=UTC)), unit_of_work(ADMIN) as session:
        close_store(session, "ODD", "gone")

    found(user, "action-accept").click()

    await become(lambda: is_there(user, "problem"), True)
    assert facts_of("stores", "ODD", "status") == ("closed",)


async def test_a_store_is_allowed_to_order_from_its_record(user: User) -> None:
    set_language("en")
    sign_in_as(user.http_client, LING)
    await user.open("/stores/HD1")

    found(user, "action-allow-ordering").click()

    await become(lambda: facts_of("partners", "HD1", "tier", "status"), ("store", "active"))


NO_POSITION = {"code": ["NO1"], "name": ["无位置店"], "region": ["310101"], "address": ["南京东路 1 号"]}


async def test_looking_up_an_address_is_offered_only_where_it_is_set_up_and_needed(user: User, monkeypatch) -> None:
    state_rows("stores", NO_POSITION)
    sign_in_as(user.http_client, WEI)

    await user.open("/stores/NO1")
    assert not is_there(user, "action-geocode")

    monkeypatch.setenv("QUDAO_GEOCODER", "nominatim")
    monkeypatch.setenv("QUDAO_GEOCODER_URL", "http://127.0.0.1:9")
    settings.cache_clear()
    await user.open("/stores/HD1")
    assert not is_there(user, "action-geocode")
    await user.open("/stores/NO1")
    found(user, "action-geocode").click()
    await user.should_see("The address is being looked up.", retries=20)


async def test_a_proposed_position_is_taken_over_from_the_record(user: User) -> None:
    state_rows("stores", NO_POSITION)
    with unit_of_work(WEI) as session:
        propose_positions(session, "NO1", [PositionProposal(31.2323, 121.4752, "wgs84", "nominatim", 30.0)])
        finding_id = store_findings(session, find_store(session, "NO1").id)[0].id
    sign_in_as(user.http_client, WEI)
    await user.open("/stores/NO1")
    await user.should_see("By its address the store is at 31.232300, 121.475200 (Nominatim).")

    found(user, f"action-take-{finding_id}").click()

    await user.should_see("Known and accepted", retries=30)
    assert not is_there(user, f"action-take-{finding_id}")


# --- what the map asks for ---


@pytest.mark.parametrize(("actor", "count"), [(LING, 4), (HUADONG_CLERK, 3), (SUZHOU_CLERK, 1), (BEIFANG_CLERK, 1)])
async def test_everyone_gets_the_clusters_of_their_own_branch(user: User, actor, count: int) -> None:
    sign_in_as(user.http_client, actor)

    answer = await user.http_client.get("/stores/map/clusters", params=WORLD)

    assert sum(one["count"] for one in answer.json()["clusters"]) == count


async def test_the_map_is_narrowed_by_status_and_partner(user: User) -> None:
    sign_in_as(user.http_client, LING)

    doubtful = await user.http_client.get("/stores/map/clusters", params=WORLD | {"status": "under_review"})
    branch = await user.http_client.get("/stores/map/clusters", params=WORLD | {"partner": "SZ"})

    assert [one["code"] for one in doubtful.json()["clusters"]] == ["ODD"]
    assert [(one["code"], one["tone"]) for one in branch.json()["clusters"]] == [("SZ1", "approved")]


@pytest.mark.parametrize(
    "odd", [{"south": "nan"}, {"north": "inf"}, {"south": "81"}, {"zoom": "-1"}, {"zoom": "99"}, {"east": "x"}], ids=str
)
async def test_a_box_that_is_none_is_refused(user: User, odd: dict[str, str]) -> None:
    sign_in_as(user.http_client, LING)

    answer = await user.http_client.get("/stores/map/clusters", params=WORLD | odd)

    assert answer.status_code == 422


async def test_a_stranger_gets_names_of_places_and_no_stores(user: User) -> None:
    named = await user.http_client.get("/map/places/1.json")
    stores = await user.http_client.get("/stores/map/clusters", params=WORLD, headers={"Accept": "application/json"})

    assert (named.status_code, stores.status_code) == (200, 401)
    assert {one[0] for one in named.json()} >= {"北京", "广西", "内蒙古", "黑龙江", "台湾", "香港", "澳门"}


def test_every_region_that_has_a_point_has_its_name_on_the_map():
    current = [one for one in table().regions.values() if one.status == "current" and one.latitude is not None]

    assert sum(len(places(level)) for level in (1, 2, 3)) == len(current)


def test_a_store_is_closed_in_the_words_of_the_trade():
    close = next(action for action in STORES.actions if action.name == "close")
    set_language("zh_CN")

    assert (_(close.label), _("{name} closed", name="豫园店")) == ("关店", "豫园店 已关店")
