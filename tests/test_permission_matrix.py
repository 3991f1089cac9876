"""Who may do and see what, asked of the real server through every door: page, grid, export and WEB API.

The answers expected are stated here as data. Routes are found by introspection, so that a new one cannot be forgotten.
"""

import csv
import io
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

import resources
from core.access import Actor
from core.clock import now
from core.database.sessions import connect, unit_of_work
from core.drafts import draft_rows
from core.permissions import PARTNER_ROLES, Permission
from core.resource import Resource
from core.schema import versions
from models.accounts.tokens import ApiToken
from models.partners.affiliation_requests import AffiliationRequest
from models.partners.applications import Application
from models.partners.invites import Invite
from pages.web.identity import cookie_name
from services.accounts.one_time_secrets import token_hash
from services.orders.drafts import OrderDraft
from services.orders.lifecycle import place_order
from services.orders.pricing import LineDraft
from services.saving.plans import SaveOptions
from tests.browser.signing_in import session_of
from tests.conftest import (
    ADMIN,
    BEIFANG_CLERK,
    CAST,
    HUADONG_CLERK,
    HUADONG_OWNER,
    LING,
    MEI,
    SUZHOU_CLERK,
    WEI,
    add_cast,
)
from tests.services.orders.support import add_range
from tests.support.server import serving

BRAND = (ADMIN, LING, WEI, MEI)
HUADONG = (HUADONG_OWNER, HUADONG_CLERK)

SEEN: dict[str, dict[tuple[Actor, ...], set[str]]] = {
    "partners": {BRAND: {"HD", "SZ", "BF"}, HUADONG: {"HD", "SZ"}, (SUZHOU_CLERK,): {"SZ"}, (BEIFANG_CLERK,): {"BF"}},
    "customers": {
        BRAND: {"C-BRAND", "C-HD", "C-SZ", "C-BF"},
        HUADONG: {"C-HD", "C-SZ"},
        (SUZHOU_CLERK,): {"C-SZ"},
        (BEIFANG_CLERK,): {"C-BF"},
    },
    "stores": {
        BRAND: {"S-BRAND", "S-HD", "S-SZ", "S-BF"},
        HUADONG: {"S-HD", "S-SZ"},
        (SUZHOU_CLERK,): {"S-SZ"},
        (BEIFANG_CLERK,): {"S-BF"},
    },
    "products": {CAST: {"MILK", "TEA", "OLD", "UNPRICED"}},
    "prices": {
        BRAND: {"MILK~master_agent", "MILK~agent_1", "TEA~master_agent", "TEA~agent_1", "OLD~master_agent"},
        (*HUADONG, BEIFANG_CLERK): {"MILK~master_agent", "TEA~master_agent", "OLD~master_agent"},
        (SUZHOU_CLERK,): {"MILK~agent_1", "TEA~agent_1"},
    },
    "orders": {BRAND: {"HD", "SZ", "BF"}, HUADONG: {"HD", "SZ"}, (SUZHOU_CLERK,): {"SZ"}, (BEIFANG_CLERK,): {"BF"}},
    "users": {
        (ADMIN,): {actor.name for actor in CAST},
        (HUADONG_OWNER,): {actor.name for actor in (*HUADONG, SUZHOU_CLERK)},
    },
    "invites": {(ADMIN, LING, WEI): {"BRAND234", "HUAD2345"}, (HUADONG_OWNER,): {"HUAD2345"}},
    "applications": {(ADMIN, LING, WEI): {"AP-DRAFT", "AP-HD"}, (HUADONG_OWNER,): {"AP-HD"}},
    "affiliation_requests": {(ADMIN, LING, WEI, HUADONG_OWNER): {"AF-SZ"}},
    "departments": {BRAND: {"SALES"}},
    "tokens": {(ADMIN,): {f"qd_m{number}_" for number in range(len(CAST))}},
}
"""Resource → actors → keys they see (of orders the buyer, of prices product and tier); who is not named: none."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str], dict[str, str]]]:
    """Serve a brand with something of everybody's; give the address, cookies and keys by actor name."""
    folder = tmp_path_factory.mktemp("matrix")
    url = f"sqlite:///{folder / 'qudao.db'}"
    engine = connect(url)
    versions.migrate(engine)
    add_cast()
    add_range()
    customers = {"code": ["C-BRAND", "C-HD", "C-SZ", "C-BF"], "name": ["a", "b", "c", "d"]}
    _save(resources.BY_NAME["departments"], {"code": ["SALES"], "name": ["销售部"]})
    _save(resources.BY_NAME["customers"], {**customers, "partner": [None, "HD", "SZ", "BF"]})
    stores = {"code": ["S-BRAND", "S-HD", "S-SZ", "S-BF"], "name": ["a", "b", "c", "d"]}
    _save(resources.BY_NAME["stores"], {**stores, "partner": [None, "HD", "SZ", "BF"]})
    for actor in (HUADONG_CLERK, SUZHOU_CLERK, BEIFANG_CLERK):
        with unit_of_work(actor) as session:
            place_order(session, OrderDraft(lines=(LineDraft("MILK", 1),)))
    _add_onboarding()
    cookies = {actor.name: session_of(actor) for actor in CAST}
    keys = _keys()
    with serving(url, folder, totp_roles="") as address:
        yield address, cookies, keys
    engine.dispose()
    shutil.rmtree(folder, ignore_errors=True)


def _save(resource: Resource, columns: dict[str, list[str | None]]) -> None:
    count = len(next(iter(columns.values())))
    drafts, problems = draft_rows(resource.stated_fields, list(range(count)), columns)
    assert problems == []
    with unit_of_work(ADMIN) as session:
        assert resource.save is not None
        resource.save(session, drafts, SaveOptions()).or_refuse()


def _add_onboarding() -> None:
    """Add an invite, an application and a change of upstream of Huadong's, and what only the brand sees."""
    soon = now() + timedelta(days=1)
    with unit_of_work(ADMIN) as session:
        for code, partner_id, path in (
            ("BRAND234", None, ""),
            ("HUAD2345", HUADONG_OWNER.partner_id, HUADONG_OWNER.partner_path),
        ):
            invite = {"tiers": "dealer", "uses_max": 1, "expires_at": soon, "made_by": "x"}
            session.add(Invite(code=code, partner_id=partner_id, path=path, **invite))
        for number, path, status in (("AP-DRAFT", "", "draft"), ("AP-HD", HUADONG_OWNER.partner_path, "submitted")):
            session.add(Application(number=number, path=path, status=status, stated={}, waits_since=now()))
        asked = {"valid_from": soon.date(), "status": "asked", "asked_by": "x", "waits_since": now()}
        partner = {"partner_id": SUZHOU_CLERK.partner_id, "path": SUZHOU_CLERK.partner_path}
        session.add(AffiliationRequest(number="AF-SZ", **partner, **asked))


def _keys() -> dict[str, str]:
    from_now = {}
    with unit_of_work(ADMIN) as session:
        for number, actor in enumerate(CAST):
            secret = f"qd_m{number}_matrix"
            from_now[actor.name] = secret
            session.add(
                ApiToken(
                    name=actor.name,
                    prefix=secret[:6],
                    token_hash=token_hash(secret),
                    role=actor.role.value,
                    partner_id=actor.partner_id,
                    user_id=actor.user_id,
                    person=actor.person,
                    created_at=now(),
                    expires_at=now() + timedelta(days=1),
                )
            )
    return from_now


def expected(resource: str, actor: Actor) -> set[str] | None:
    """Return what ``actor`` sees of a resource; None if it may not look."""
    return next((keys for actors, keys in SEEN[resource].items() if actor in actors), None)


def shown(resource: str, row: dict) -> str:
    """Return the key by which ``SEEN`` names a row."""
    if resource == "orders":
        return row["buyer"]
    return "~".join(str(row[name]) for name in resources.BY_NAME[resource].keys[:2])


class Doors:
    """One actor before the server: as a browser and as a program."""

    def __init__(self, world: tuple[str, dict[str, str], dict[str, str]], actor: Actor) -> None:
        self.address, cookies, keys = world
        self.cookies = {cookie_name(): cookies[actor.name]}
        self.headers = {"Authorization": f"Bearer {keys[actor.name]}"}

    def browser(self, path: str) -> httpx.Response:
        return httpx.get(self.address + path, cookies=self.cookies)

    def program(self, path: str) -> httpx.Response:
        return httpx.get(self.address + path, headers=self.headers)


every_actor = pytest.mark.parametrize("actor", CAST, ids=lambda actor: actor.name)
every_list = pytest.mark.parametrize("resource", sorted(SEEN))


def test_the_table_answers_for_every_resource():
    others = {"events", "imports"}  # the trail is asked below; imports are one's own
    assert {one.name for one in resources.ALL} - others == set(SEEN)


@every_list
@every_actor
def test_every_door_shows_exactly_the_rows_of_the_table(world, resource: str, actor: Actor):
    wanted, doors = expected(resource, actor), Doors(world, actor)

    page = doors.browser(f"/{resource}")
    grid = doors.browser(f"/grid/{resource}?limit=100")
    export = doors.browser(f"/export/{resource}.jsonl")
    api = doors.program(f"/api/v1/{resource}")

    if wanted is None:
        assert [answer.status_code for answer in (page, grid, export, api)] == [403] * 4
        return
    assert [answer.status_code for answer in (page, grid, api)] == [200] * 3
    assert {shown(resource, row) for row in grid.json()["rows"]} == wanted
    assert {shown(resource, row) for row in api.json()["items"]} == wanted
    assert (export.status_code == 200) is actor.can(Permission.EXPORT)
    if export.status_code == 200 and resource != "orders":
        rows = [line for line in export.text.splitlines() if line]
        assert len(rows) == len(wanted)


@every_list
@every_actor
def test_a_record_of_somebody_else_looks_like_one_that_never_was(world, resource: str, actor: Actor):
    wanted, doors = expected(resource, actor), Doors(world, actor)
    if wanted is None:
        return
    rows = Doors(world, ADMIN).browser(f"/grid/{resource}?limit=100").json()["rows"]

    for row in rows:
        status = 200 if shown(resource, row) in wanted else 404
        key = row["_key"]
        assert doors.program(f"/api/v1/{resource}/{key}").status_code == status, key
        assert doors.browser(f"/{resource}/{key}").status_code == status, key
    hidden = next((row["_key"] for row in rows if shown(resource, row) not in wanted), None)
    if hidden is not None:
        stranger, nobody = (doors.program(f"/api/v1/{resource}/{key}").json() for key in (hidden, "never-was"))
        assert stranger["code"] == nobody["code"]


def test_what_is_confidential_is_in_no_door_for_who_may_not_see_it(world):
    for actor in (WEI, SUZHOU_CLERK, HUADONG_CLERK):
        doors = Doors(world, actor)
        texts = [
            doors.browser("/grid/partners").text,
            doors.browser("/export/partners.jsonl").text,
            doors.program("/api/v1/partners").text,
            doors.program(f"/api/v1/partners/{'SZ' if actor is SUZHOU_CLERK else 'HD'}").text,
        ]
        assert not any("credit_limit" in text for text in texts)
        assert doors.browser("/grid/partners?sort=credit_limit").status_code == 422
        assert doors.program("/api/v1/partners?credit_limit__from=1").status_code == 422


REACHED = {ADMIN: set(CAST) - {ADMIN}, HUADONG_OWNER: {HUADONG_CLERK, SUZHOU_CLERK}}
"""Who may change whose account; nobody lets themselves go, and whoever is not named reaches nobody."""


@every_actor
def test_an_account_is_reached_by_those_of_the_table_alone(world, actor: Actor):
    for person in CAST:
        answer = Doors(world, actor).browser(f"/users/{person.name}/leave")

        reached = REACHED.get(actor, set())
        status = 200 if person in reached else 409 if reached and person == actor else 404 if reached else 403
        assert answer.status_code == status, (actor.name, person.name)


def test_the_trail_is_for_those_who_may_see_it(world):
    address, cookies, _ = world
    for actor in CAST:
        answer = httpx.get(f"{address}/events", cookies={cookie_name(): cookies[actor.name]})
        assert answer.status_code == (200 if actor.can(Permission.EVENT_VIEW) else 403), actor.name


@pytest.mark.parametrize(
    "path", ["/", "/customers", "/orders/new", "/approvals", "/jobs", "/customers/import", "/account"]
)
def test_without_signing_in_every_page_leads_to_the_door(world, path: str):
    answer = httpx.get(world[0] + path, headers={"Accept": "text/html"})

    assert answer.status_code in {302, 303, 307}
    assert answer.headers["location"] == ("/login" if path == "/" else "/login?next=" + quote(path, safe=""))


@pytest.mark.parametrize("path", ["/grid/customers", "/export/customers.csv", "/api/v1/customers", "/api/v1/orders/X"])
def test_without_signing_in_no_data_comes_out(world, path: str):
    answer = httpx.get(world[0] + path, headers={"Accept": "application/json"})

    assert answer.status_code == 401
    assert set(answer.json()) >= {"code", "message"}


def test_every_answer_carries_the_guards(world):
    address, cookies, _ = world
    for path in ("/login", "/customers", "/grid/customers", "/nowhere", "/api/v1/openapi.json"):
        answer = httpx.get(address + path, cookies={cookie_name(): cookies[LING.name]})
        assert answer.headers["x-content-type-options"] == "nosniff", path
        if answer.headers.get("content-type", "").startswith("text/html"):
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path
        assert "server" not in answer.headers, path


def test_a_partner_may_do_nothing_of_the_brands(world):
    doors = Doors(world, SUZHOU_CLERK)
    number = doors.program("/api/v1/orders").json()["items"][0]["number"]
    headers = {"Idempotency-Key": "matrix-approval", **doors.headers}

    for verb in ("approval", "rejection"):
        url = f"{doors.address}/api/v1/orders/{number}/{verb}"
        answer = httpx.post(url, json={"reason": "x"}, headers=headers)
        assert answer.status_code == 403

    assert doors.program(f"/api/v1/orders/{number}").json()["status"] == "draft"
    assert all(actor.role in PARTNER_ROLES or actor.is_brand for actor in CAST)


def test_an_export_names_its_columns_in_the_readers_language(world):
    address, cookies, _ = world
    answer = httpx.get(
        f"{address}/export/customers.csv", cookies={cookie_name(): cookies[LING.name], "qudao_language": "zh_CN"}
    )

    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][:2] == ["客户编码", "客户名称"]
    assert Path(answer.headers["content-disposition"].split("=")[-1]).suffix
