"""A flood from one address: what others' clicks and the memory of the server feel of it.

``python -m benchmarks.w_flood [--rate 300] [--seconds 30] [--rest 120] [--paths /login,/apply]``

A real server on SQLite; the generator is a process of its own, on another loopback address. One address that needs no
account after the other is requested ``rate`` times a second while a signed-in person requests a page of the list of
orders. Printed: what the flood was answered, the person's p50 and p95, and the memory before, at the end and ``rest``
seconds later. Goal: p95 200 ms, memory at most 150 MB above the start.

2026-11-30, 2 cores, nothing beside it, 300 a second for 30 s each: calm p50 7, p95 8 ms; flooded p95 /login 10, /setup
10, /apply 9, an application's form 37, /stores/register 10, /healthz 10, /readyz 10, a file 10, the API without a key
9 ms. Memory 162 MiB before, 225 at the end, 227 two minutes later (+65). With other work on the machine (load 12 to
17): p95 219 to 768, the form 1,427 ms.
"""

import argparse
import time

import httpx
from sqlalchemy.orm import Session

from benchmarks.stage import fresh_database, say
from core.access import command_line
from core.database.sessions import connect, transact, unit_of_work
from models.accounts.sessions import SessionState
from pages.components.base.theme import asset_url
from pages.web.identity import cookie_name
from services.accounts.administration import create_user
from services.accounts.one_time_secrets import new_token
from services.accounts.sessions import Browser, begin_session
from services.applications.applicant import begin_application
from services.applications.invites import InviteDraft, make_invite
from services.applications.states import reception
from tests.support.flood import flooding, percentile, times_of_requests
from tests.support.server import Server

CLICK = "/grid/orders?limit=50"
CALM_SECONDS = 5.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rest", type=float, default=120.0)
    parser.add_argument("--paths", default="")
    chosen = parser.parse_args()
    with fresh_database("sqlite") as (engine, folder):
        connect(str(engine.url))
        session_secret = transact(command_line(), _sign_in)
        paths = chosen.paths.split(",") if chosen.paths else _paths()
        server = Server(str(engine.url), folder, totp_roles="")
        try:
            _measure(server, session_secret, paths, chosen)
        finally:
            server.stop()


def _sign_in(session: Session) -> str:
    user = create_user(session, "person@example.com", name="Person", role="operations", password=new_token())
    session.flush()
    return begin_session(session, user, Browser("127.0.0.1", "benchmark"), SessionState.SIGNED_IN)


def _measure(server: Server, session_secret: str, paths: list[str], chosen: argparse.Namespace) -> None:
    with httpx.Client(base_url=server.address, timeout=60, cookies={cookie_name(): session_secret}) as person:
        _say_times("calm", times_of_requests(person, CLICK, CALM_SECONDS))
        before = server.memory_mib()
        say(f"memory before {before:.0f} MiB")
        for path in paths:
            with flooding(server.address, path, per_second=chosen.rate, seconds=chosen.seconds) as answers:
                times = times_of_requests(person, CLICK, chosen.seconds)
            _say_times(f"{path} {dict(answers)}", times)
        end = server.memory_mib()
        time.sleep(chosen.rest)
        after = server.memory_mib()
        say(f"memory at the end {end:.0f} MiB, {chosen.rest:.0f} s later {after:.0f} MiB ({after - before:+.0f})")


def _paths() -> list[str]:
    with unit_of_work(command_line()) as session:
        invite = make_invite(session, InviteDraft(tiers=("store",))).code
    with unit_of_work(reception()) as session:
        token = begin_application(session, {}).token
    pages = ["/login", "/setup", "/apply", f"/apply/{token}", f"/stores/register?invite={invite}"]
    return [*pages, "/healthz", "/readyz", asset_url("house.js"), "/api/v1/orders"]


def _say_times(name: str, times: list[float]) -> None:
    p50, p95 = (percentile(times, percent) * 1000 for percent in (50, 95))
    say(f"{name}: p50 {p50:.0f} ms, p95 {p95:.0f} ms")


if __name__ == "__main__":
    main()
