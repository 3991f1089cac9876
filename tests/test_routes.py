"""Every route, asked by every role: who is let in is stated in ``golden/routes.txt``, a table a person can review.

Routes are found by introspection, so that a new one shows up here with its policy, or the start is refused.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import sleep
from typing import Any

import httpx
import pytest

from core.access import Actor
from core.database.sessions import connect, unit_of_work
from core.permissions import PARTNER_ROLES, ROLE_PERMISSIONS, Permission, Role
from core.schema import versions
from models.accounts.users import User
from pages.web.identity import cookie_name
from tests.browser.signing_in import session_of
from tests.conftest import ADMIN, HUADONG, HUADONG_PATH, add_cast
from tests.support.server import serving
from tests.support.source import ROOT

GOLDEN = Path(__file__).parent / "golden" / "routes.txt"
BY_CODE = {permission.value: permission for permission in Permission}
TOO_MANY = 429
OPEN_TO_ALL = {"public", "signed in", "key"}


@pytest.fixture(scope="module")
def routes() -> list[dict[str, Any]]:
    """Give every route of the product."""
    command = [sys.executable, "-m", "tests.support.routes"]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[Role, str]]]:
    """Serve a brand with one person of every role; give the address and the cookie of each."""
    folder = tmp_path_factory.mktemp("routes")
    url = f"sqlite:///{folder / 'qudao.db'}"
    engine = connect(url)
    versions.migrate(engine)
    add_cast()
    cookies = {role: session_of(_person(role)) for role in Role}
    with serving(url, folder, totp_roles="") as address:
        yield address, cookies
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


def test_the_table_of_routes_is_the_reviewed_one(routes):
    """QUDAO_UPDATE_GOLDEN=1 writes the new table, to be read in review: who may come in where."""
    if os.environ.get("QUDAO_UPDATE_GOLDEN"):
        GOLDEN.write_text(described(routes), encoding="utf-8")

    assert described(routes).splitlines() == GOLDEN.read_text(encoding="utf-8").splitlines()


def test_every_route_says_who_may_use_it(routes):
    assert [route for route in routes if route["policy"] not in {*OPEN_TO_ALL, *BY_CODE}] == []


@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.value)
def test_a_role_gets_in_exactly_where_its_permissions_let_it(routes, doors, role):
    address, cookies = doors
    wrong = []

    with httpx.Client(base_url=address, cookies={cookie_name(): cookies[role]}, headers={"Origin": address}) as person:
        for route in routes:
            permission = BY_CODE.get(route["policy"])
            if permission is None:
                continue
            answer = person.request(route["method"], _filled(route["path"]))
            is_let_in = answer.status_code != 403
            if is_let_in is not _may(role, permission) or answer.status_code in {401, 500}:
                wrong.append((route["method"], route["path"], route["policy"], answer.status_code))

    assert wrong == []


def test_without_signing_in_nobody_gets_past_what_is_public(routes, doors):
    address, _ = doors
    wrong = []

    with httpx.Client(base_url=address, headers={"Origin": address, "Accept": "application/json"}) as nobody:
        for route in routes:
            if route["policy"] != "signed in" and route["policy"] not in BY_CODE:
                continue
            answer = nobody.request(route["method"], _filled(route["path"]))
            while answer.status_code == TOO_MANY:  # strangers are let through slowly
                sleep(0.1)
                answer = nobody.request(route["method"], _filled(route["path"]))
            if answer.status_code != 401:
                wrong.append((route["method"], route["path"], answer.status_code))

    assert wrong == []
