"""Who may do and see what, asked of the whole product through every door: page, grid, export and WEB API.

The answers expected are stated here as data. Routes are found by introspection, so that a new one cannot be forgotten.
"""

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
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
    prepare_database,
)
from tests.services.orders.support import add_range
from tests.support.in_process import HOST, whole_product

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


@dataclass(frozen=True, slots=True)
class World:
    """A brand with something of everybody's: its database, and cookies and keys by the actor's name."""

    url: str
    cookies: dict[str, str]
    keys: dict[str, str]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Make a brand with something of everybody's."""
    url = f"sqlite:///{tmp_path_factory.mktemp('matrix') / 'qudao.db'}"
    prepare_database(url)
    connect(url)
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
    return World(url, {actor.name: session_of(actor) for actor in CAST}, _keys())


@pytest.fixture
async def product(world: World, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client in front of the product, with the database of the brand."""
    monkeypatch.setenv("QUDAO_PUBLIC_URL", HOST)
    engine = connect(world.url)
    async with whole_product() as (_app, client):
        yield client
    engine.dispose()


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


class Caller:
    """One actor before the product: as a browser and as a program."""

    def __init__(self, client: httpx.AsyncClient, world: World, actor: Actor) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {world.keys[actor.name]}"}
        self.cookie = {"Cookie": f"{cookie_name()}={world.cookies[actor.name]}"}

    async def browser(self, path: str) -> httpx.Response:
        return await self.client.get(path, headers=self.cookie)

    async def program(self, path: str) -> httpx.Response:
        return await self.client.get(path, headers=self.headers)


every_actor = pytest.mark.parametrize("actor", CAST, ids=lambda actor: actor.name)


def test_the_table_answers_for_every_resource():
    others = {"events", "imports"}  # the trail is asked below; imports are one's own
    assert {one.name for one in resources.ALL} - others == set(SEEN)


@every_actor
async def test_every_door_shows_exactly_the_rows_of_the_table(product, world, actor: Actor):
    caller = Caller(product, world, actor)
    found, wanted = {}, {}

    for resource in sorted(SEEN):
        found[resource] = await rows_by_door(caller, resource)
        wanted[resource] = wanted_by_door(resource, actor)

    assert found == wanted


async def rows_by_door(caller: Caller, resource: str) -> dict[str, object]:
    """Return door → the keys of the rows it shows, else the status it answers; of an export, which has no keys, how
    many rows.
    """
    page = await caller.browser(f"/{resource}")
    grid = await caller.browser(f"/grid/{resource}?limit=100")
    export = await caller.browser(f"/export/{resource}.jsonl")
    api = await caller.program(f"/api/v1/{resource}")
    return {
        "page": page.status_code,
        "grid": {shown(resource, row) for row in grid.json()["rows"]} if grid.is_success else grid.status_code,
        "api": {shown(resource, row) for row in api.json()["items"]} if api.is_success else api.status_code,
        "export": len([line for line in export.text.splitlines() if line]) if export.is_success else export.status_code,
    }


def wanted_by_door(resource: str, actor: Actor) -> dict[str, object]:
    """Return what ``rows_by_door`` has to find."""
    keys = expected(resource, actor)
    if keys is None:
        return dict.fromkeys(("page", "grid", "api", "export"), 403)
    return {"page": 200, "grid": keys, "api": keys, "export": len(keys) if actor.can(Permission.EXPORT) else 403}


@every_actor
async def test_a_record_of_somebody_else_looks_like_one_that_never_was(product, world, actor: Actor):
    caller, admin = Caller(product, world, actor), Caller(product, world, ADMIN)
    wrong, seen_count = [], 0

    for resource in sorted(SEEN):
        wanted = expected(resource, actor)
        if wanted is None:
            continue
        rows = (await admin.browser(f"/grid/{resource}?limit=100")).json()["rows"]
        for row in rows:
            status, key = 200 if shown(resource, row) in wanted else 404, row["_key"]
            answers = [await caller.program(f"/api/v1/{resource}/{key}"), await caller.browser(f"/{resource}/{key}")]
            wrong += [(resource, key, one.status_code) for one in answers if one.status_code != status]
            seen_count += 1
        hidden = next((row["_key"] for row in rows if shown(resource, row) not in wanted), None)
        if hidden is not None:
            stranger, nobody = [await caller.program(f"/api/v1/{resource}/{key}") for key in (hidden, "never-was")]
            wrong += [(resource, hidden, "code")] * (stranger.json()["code"] != nobody.json()["code"])

    assert wrong == []
    assert seen_count >= 20


async def test_what_is_confidential_is_in_no_door_for_who_may_not_see_it(product, world):
    for actor in (WEI, SUZHOU_CLERK, HUADONG_CLERK):
        caller = Caller(product, world, actor)
        answers = [
            await caller.browser("/grid/partners"),
            await caller.browser("/export/partners.jsonl"),
            await caller.program("/api/v1/partners"),
            await caller.program(f"/api/v1/partners/{'SZ' if actor is SUZHOU_CLERK else 'HD'}"),
        ]
        assert not any("credit_limit" in answer.text for answer in answers)
        assert (await caller.browser("/grid/partners?sort=credit_limit")).status_code == 422
        assert (await caller.program("/api/v1/partners?credit_limit__from=1")).status_code == 422


REACHED = {ADMIN: set(CAST) - {ADMIN}, HUADONG_OWNER: {HUADONG_CLERK, SUZHOU_CLERK}}
"""Who may change whose account; nobody lets themselves go, and whoever is not named reaches nobody."""


async def test_an_account_is_reached_by_those_of_the_table_alone(product, world):
    wrong = []

    for actor in CAST:
        reached = REACHED.get(actor, set())
        for person in CAST:
            answer = await Caller(product, world, actor).browser(f"/users/{person.name}/leave")
            status = 200 if person in reached else 409 if reached and person == actor else 404 if reached else 403
            wrong += [(actor.name, person.name, answer.status_code)] * (answer.status_code != status)

    assert wrong == []


async def test_the_trail_is_for_those_who_may_see_it(product, world):
    for actor in CAST:
        answer = await Caller(product, world, actor).browser("/events")
        assert answer.status_code == (200 if actor.can(Permission.EVENT_VIEW) else 403), actor.name


async def test_without_signing_in_every_page_leads_to_the_door(product):
    for path in ("/", "/customers", "/orders/new", "/approvals", "/jobs", "/customers/import", "/account"):
        answer = await product.get(path, headers={"Accept": "text/html"})

        assert answer.status_code in {302, 303, 307}, path
        assert answer.headers["location"] == ("/login" if path == "/" else "/login?next=" + quote(path, safe=""))


async def test_without_signing_in_no_data_comes_out(product):
    for path in ("/grid/customers", "/export/customers.csv", "/api/v1/customers", "/api/v1/orders/X"):
        answer = await product.get(path, headers={"Accept": "application/json"})

        assert answer.status_code == 401, path
        assert set(answer.json()) >= {"code", "message"}


async def test_every_answer_carries_the_guards(product, world):
    for path in ("/login", "/customers", "/grid/customers", "/nowhere", "/api/v1/openapi.json"):
        answer = await Caller(product, world, LING).browser(path)
        assert answer.headers["x-content-type-options"] == "nosniff", path
        if answer.headers.get("content-type", "").startswith("text/html"):
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path


async def test_a_partner_may_do_nothing_of_the_brands(product, world):
    caller = Caller(product, world, SUZHOU_CLERK)
    number = (await caller.program("/api/v1/orders")).json()["items"][0]["number"]
    headers = {"Idempotency-Key": "matrix-approval", **caller.headers}

    for verb in ("approval", "rejection"):
        answer = await product.post(f"/api/v1/orders/{number}/{verb}", json={"reason": "x"}, headers=headers)
        assert answer.status_code == 403

    assert (await caller.program(f"/api/v1/orders/{number}")).json()["status"] == "draft"
    assert all(actor.role in PARTNER_ROLES or actor.is_brand for actor in CAST)


async def test_an_export_names_its_columns_in_the_readers_language(product, world):
    product.cookies.update({cookie_name(): world.cookies[LING.name], "qudao_language": "zh_CN"})

    answer = await product.get("/export/customers.csv")

    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][:2] == ["客户编码", "客户名称"]
    assert Path(answer.headers["content-disposition"].split("=")[-1]).suffix
