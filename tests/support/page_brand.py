"""A served demo brand for tests that look at pages: with everything that only people leave behind, and a few signed in.

What a demo does not have is put in place by the same services that pages use: a key, imports, jobs, one-time links.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from unittest import mock

from sqlalchemy import select
from sqlalchemy.orm import Session

import jobs.imports  # noqa: F401  (registers what a worker runs)
from core.access import Actor, command_line
from core.clock import now
from core.database.sessions import connect, transact, unit_of_work
from core.files.contents import write_content
from core.jobs.queueing import enqueue
from core.jobs.worker import run_next
from core.permissions import Permission, Role
from core.schema import versions
from core.settings import settings
from importers.runs.drafts import Upload, draft_import
from models.accounts.sessions import UserSession
from models.accounts.users import User
from models.partners.invites import Invite
from resources import BY_NAME
from services.accounts.links import password_link
from services.accounts.second_factor import offer_secret
from services.accounts.tokens import create_token
from services.applications.applicant import begin_application, save_draft, submit_application
from services.applications.invites import STORE, invite_path
from services.applications.states import reception
from services.demo.loading import DemoSize, load_demo
from services.imports.batches import start_check, start_import
from tests.browser.signing_in import session_of
from tests.support.server import serving

SIZE = DemoSize(partners=12, stores=12, orders=40, seed=7)
CUSTOMERS = """code,name,contact,phone,region,stage
PAGE-1,杭州看得见贸易有限公司,王静,13800138000,330106,contacted
PAGE-2,苏州看得见商贸有限公司,李敏,138,320508,negotiating
PAGE-3,,赵云,13900139000,火星,won
"""
APPLICANT = reception("周晓")
STATED = {
    "tier": "group_leader", "region": "330106", "name": "周晓的社区团购", "contact": "周晓", "phone": "13700137000",
    "email": "zhou@pages.example.com", "note": "三个小区，约 600 户",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Brand:
    """A served demo brand.

    Attributes:
        address: Where it is served.
        cookies: Role → cookie of who is signed in.
        paths: Who → route → addresses of its pages that no list leads to; None is who is not signed in.
        log: What the server says.
    """

    address: str
    cookies: Mapping[Role, str]
    paths: Mapping[Role | None, Mapping[str, tuple[str, ...]]]
    log: Path


@contextmanager
def demo_brand(folder: Path) -> Iterator[Brand]:
    """Serve a small demo brand from a folder, with somebody of every role signed in."""
    url = f"sqlite:///{folder / 'qudao.db'}"
    with mock.patch.dict(os.environ, QUDAO_DATA_DIR=str(folder)):
        settings.cache_clear()
        engine = connect(url)
        try:
            versions.migrate(engine)
            load_demo(command_line(), SIZE)
            people = {role: _somebody(role) for role in Role}
            cookies = {role: session_of(person) for role, person in people.items()}
            for role in (Role.ADMINISTRATOR, Role.PARTNER_OWNER):
                _offer_second_factor(people[role])
            paths = _add_what_people_leave(people[Role.ADMINISTRATOR])
        finally:
            settings.cache_clear()
    with serving(url, folder, totp_roles="") as address:
        yield Brand(address, cookies, paths, folder / "server.log")
    engine.dispose()


def _somebody(role: Role) -> Actor:
    with unit_of_work(command_line()) as session:
        query = select(User).where(User.role == role.value, User.status == "active")
        user = session.scalars(query.order_by(User.id).limit(1)).one()
        return Actor(user.name, role, user.email, user.id, user.partner_id, user.path)


def _add_what_people_leave(admin: Actor) -> dict[Role | None, dict[str, tuple[str, ...]]]:
    transact(admin, lambda session: create_token(session, "仓库系统", role="operations"))
    with unit_of_work(admin) as session:
        dealers, stores = (_open_invite(session, tier) for tier in ("dealer", STORE))
        link = password_link(session, "he@demo.example")
    public = {
        "/apply": ("/apply", invite_path(dealers)),
        "/stores/register": (invite_path(stores),),
        "/apply/{token}": (f"/apply/{_application(is_submitted=False)}", f"/apply/{_application(is_submitted=True)}"),
        "/password": (link,),
    }
    own = {"/customers/import/{batch_id:int}": _imports(admin)}
    with unit_of_work(admin) as session:
        enqueue(session, "imports.apply", batch_id=0)  # there is none: it fails
        enqueue(session, "imports.check", batch_id=0, due_at=now() + timedelta(days=1))
    while run_next():
        pass
    return {None: public, Role.ADMINISTRATOR: own}


def _offer_second_factor(person: Actor) -> None:
    with unit_of_work(person) as session:
        offer_secret(
            session, session.scalars(select(UserSession.id).where(UserSession.user_id == person.user_id)).one()
        )


def _open_invite(session: Session, tiers: str) -> Invite:
    usable = (Invite.tiers == tiers, Invite.expires_at > now(), Invite.used_count < Invite.uses_max)
    return session.scalars(select(Invite).where(*usable).order_by(Invite.id).limit(1)).one()


def _imports(admin: Actor) -> tuple[str, ...]:
    """Bring a worksheet of which some rows are refused: one is to be looked at, the other goes in."""
    sha256, size_bytes = write_content(BytesIO(CUSTOMERS.encode()), 10**6)
    upload, edit = Upload(sha256, size_bytes, "客户名单.csv"), Permission.CUSTOMER_EDIT
    checked, applied = (draft_import(admin, BY_NAME["customers"], upload).id for _ in range(2))
    for batch_id in (checked, applied):
        transact(admin, partial(start_check, permission=edit, batch_id=batch_id))
    while run_next():
        pass
    transact(admin, lambda session: start_import(session, edit, applied))
    steps = ("", "?step=columns", "?step=sheet")
    return *(f"/customers/import/{checked}{step}" for step in steps), f"/customers/import/{applied}"


def _application(*, is_submitted: bool) -> str:
    """Begin an application as a stranger does; return the secret of its link."""
    with unit_of_work(APPLICANT) as session:
        begun = begin_application(session, {"tier": STATED["tier"]})
        save_draft(session, begun.number, STATED if is_submitted else {"region": STATED["region"]}, 2)
        if is_submitted:
            submit_application(session, begun.number, consent=True)
    return begun.token
