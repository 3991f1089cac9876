"""Every route, asked by every role: who is let in is stated in ``golden/routes.txt``, a table a person can review.

Routes are found by introspection, so that a new one shows up here with its policy, or the start is refused.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.access import Actor
from core.database.sessions import connect, unit_of_work
from core.permissions import PARTNER_ROLES, ROLE_PERMISSIONS, Permission, Role
from models.accounts.users import User
from pages.web.identity import cookie_name
from tests.browser.signing_in import session_of
from tests.conftest import ADMIN, HUADONG, HUADONG_PATH, prepare_database
from tests.support.in_process import HOST, whole_product
from tests.support.routes import routes_of
from tests.support.source import ROOT

GOLDEN = Path(__file__).parent / "golden" / "routes.txt"
BY_CODE = {permission.value: permission for permission in Permission}
TOO_MANY = 429
OPEN_TO_ALL = {"public", "signed in", "key"}


@pytest.fixture(scope="module")
def brand(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[Role, str]]:
    """Make a brand with one person of every role; give the database and the cookie of each."""
    url = f"sqlite:///{tmp_path_factory.mktemp('routes') / 'qudao.db'}"
    prepare_database(url)
    connect(url)
    return url, {role: session_of(_person(role)) for role in Role}


@pytest.fixture
async def product(
    brand: tuple[str, dict[Role, str]], data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[list[dict[str, Any]], httpx.AsyncClient]]:
    """Give every route of the product, and a client in front of it."""
    monkeypatch.setenv("QUDAO_PUBLIC_URL", HOST)
    engine = connect(brand[0])
    async with whole_product() as (app, client):
        client.headers["Origin"] = HOST
        yield routes_of(app), client
    engine.dispose()


def _person(role: Role) -> Actor:
    email = f"{role.value}@routes.example.com"
    partner = (HUADONG, HUADONG_PATH) if role in PARTNER_ROLES else (None, "")
    with unit_of_work(ADMIN) as session:
        user = User(
            email=email, name=role.value, role=role.value, partner_id=partner[0], path=partner[1], status="active"
        )
        session.add(user)
        session.flush()
        return Actor(email, role, email, user.id, *partner)


def described(routes: list[dict[str, str]]) -> str:
    """Return the table: one line per route, and the roles that its permission lets in."""
    lines = []
    for route in routes:
        permission = BY_CODE.get(route["policy"])
        roles = "" if permission is None else " ".join(role.value for role in Role if _may(role, permission))
        lines.append(f"{route['method']:<6} {route['path']:<46} {route['policy']:<20} {roles}".rstrip())
    return "\n".join(lines) + "\n"


def _may(role: Role, permission: Permission) -> bool:
    return permission in ROLE_PERMISSIONS[role]


def _filled(path: str) -> str:
    return "/".join("9999" if part.startswith("{") else part for part in path.split("/"))


def test_the_table_of_routes_is_the_reviewed_one():
    """QUDAO_UPDATE_GOLDEN=1 writes the new table, to be read in review: who may come in where.

    Routes are listed in the order in which they are tried, by a process of their own: in this one other tests have
    registered pages before.
    """
    command = [sys.executable, "-m", "tests.support.routes"]
    routes = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    if os.environ.get("QUDAO_UPDATE_GOLDEN"):
        GOLDEN.write_text(described(routes), encoding="utf-8")

    assert described(routes).splitlines() == GOLDEN.read_text(encoding="utf-8").splitlines()


async def test_every_route_says_who_may_use_it(product):
    routes, _ = product

    assert [route for route in routes if route["policy"] not in {*OPEN_TO_ALL, *BY_CODE}] == []


@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.value)
async def test_a_role_gets_in_exactly_where_its_permissions_let_it(product, brand, role):
    routes, person = product
    person.cookies.set(cookie_name(), brand[1][role])
    wrong = []

    for route in routes:
        permission = BY_CODE.get(route["policy"])
        if permission is None:
            continue
        answer = await person.request(route["method"], _filled(route["path"]))
        is_let_in = answer.status_code != 403
        if is_let_in is not _may(role, permission) or answer.status_code in {401, 500}:
            wrong.append((route["method"], route["path"], route["policy"], answer.status_code))

    assert wrong == []


async def test_without_signing_in_nobody_gets_past_what_is_public(product):
    routes, nobody = product
    nobody.headers["Accept"] = "application/json"
    wrong = []

    for route in routes:
        if route["policy"] != "signed in" and route["policy"] not in BY_CODE:
            continue
        answer = await nobody.request(route["method"], _filled(route["path"]))
        while answer.status_code == TOO_MANY:  # anonymous users are let through slowly
            await asyncio.sleep(0.1)
            answer = await nobody.request(route["method"], _filled(route["path"]))
        if answer.status_code != 401:
            wrong.append((route["method"], route["path"], answer.status_code))

    assert wrong == []
