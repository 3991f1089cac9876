"""Sections of a user's record: the last link and the open sessions."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session

from core.access import Actor
from core.i18n import _, ngettext
from core.permissions import Permission
from models.accounts.sessions import LinkPurpose
from models.accounts.users import UserStatus
from pages.components.base.buttons import button
from pages.components.base.design_tokens import Tone
from pages.components.base.elements import Tag
from pages.components.base.navigation import load_again
from pages.components.forms.dialogs import confirm
from pages.components.layout.content import chip, kv, panel, paragraph, row
from pages.components.layout.link_card import add_link_style
from pages.components.layout.records import Cell, LineColumn, instant_text, line_table
from pages.people._actions import may_change
from pages.people._links import show_link
from pages.resources.sections import Record
from pages.shell.calls import call, permitted_actor
from pages.shell.reading import read
from pages.web.user_agents import browser_name
from services.accounts.administration import end_one_session, end_sessions
from services.accounts.links import LinkFacts, last_link, password_link
from services.accounts.sessions import open_sessions
from services.accounts.users import user_id_of


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session as text."""

    number: int
    browser: str
    address: str
    seen: str


async def user_sections(record: Record, actor: Actor) -> None:
    """Draw link and sessions if the actor may change this account."""
    if not may_change(record, actor):
        return
    link, sessions = await read(actor, find_entries, record.key)
    add_link_style()
    if record.row.get("status") != UserStatus.LOCKED:
        _draw_link(record, link)
    _draw_sessions(record.key, sessions)


def find_entries(session: Session, email: str) -> tuple[LinkFacts | None, list[SessionRow]]:
    """Return the last link made for a user, and the open sessions, the latest first."""
    user_id = user_id_of(session, email) or 0
    rows = [
        SessionRow(one.id, browser_name(one.user_agent) or _("Unknown browser"), one.address, instant_text(one.seen_at))
        for one in open_sessions(session, user_id)
    ]
    return last_link(session, email), rows


def _draw_link(record: Record, link: LinkFacts | None) -> None:
    is_new = record.row.get("status") == UserStatus.INVITED
    with panel(_("Invitation") if is_new else _("Link to choose a new password")):
        if link is not None:
            with kv(_facts(link), pairs=2):
                pass
        elif is_new:
            paragraph(_("No link was made yet: without one they cannot come in."))
        shown = Tag("div").style("display:contents")
        label = _("Make a new link") if link is not None else _("Make a link")
        with row():
            button(
                label, partial(_make, record.key, shown), look="primary" if is_new else "plain", testid="action-link"
            )


def _facts(link: LinkFacts) -> dict[str, object]:
    state, tone = _state(link)
    purpose = _("Invitation") if link.purpose == LinkPurpose.INVITATION else _("New password")
    return {
        _("Last link"): purpose,
        _("State"): partial(chip, state, tone),
        _("Made by"): f"{link.made_by}, {instant_text(link.created_at)}",
        _("Valid until"): instant_text(link.expires_at),
        _("First opened"): instant_text(link.opened_at) if link.opened_at else _("not yet"),
        _("Password chosen"): instant_text(link.used_at) if link.used_at else _("not yet"),
    }


def _state(link: LinkFacts) -> tuple[str, Tone]:
    if link.used_at is not None:
        return _("Used up"), "done"
    if not link.is_open:
        return _("Too old"), "done"
    return (_("Opened"), "running") if link.opened_at else (_("Waiting"), "pending")


async def _make(email: str, shown: Tag) -> None:
    path = await call(password_link, email)
    if path is None:
        return
    shown.clear()
    with shown:
        show_link(email, path)


def _draw_sessions(email: str, sessions: Sequence[SessionRow]) -> None:
    with panel(_("Where they are signed in")):
        if not sessions:
            paragraph(_("Nowhere at the moment."))
            return
        columns = [
            LineColumn("browser", _("Browser")),
            LineColumn("seen", _("Last seen")),
            LineColumn("end", _("Action")),
        ]
        rows: list[dict[str, str | Cell]] = [
            {
                "browser": Cell(one.browser, note=one.address),
                "seen": one.seen,
                "end": Cell(draw=partial(button, _("End"), partial(_end, email, one.number), testid="action-end")),
            }
            for one in sessions
        ]
        line_table(columns, rows, caption=_("Where they are signed in"), testid="sessions")
        with row():
            button(_("End all"), partial(_end_all, email, len(sessions)), look="danger", testid="action-end-all")


async def _end(email: str, number: int) -> None:
    count_ended = await call(end_one_session, email, number)
    if count_ended is not None:
        load_again()


async def _end_all(email: str, count: int) -> None:
    if await permitted_actor(Permission.USER_EDIT) is None:
        return
    title = _("{action}: {email}?", action=_("End all"), email=email)
    sentence = ngettext(
        "{count} browser is signed out at once; what is typed there and not saved is lost.",
        "{count} browsers are signed out at once; what is typed there and not saved is lost.",
        count,
    )
    if await confirm(title, sentence, yes=_("End all"), danger=True) is None:
        return
    count_ended = await call(end_sessions, email)
    if count_ended is not None:
        load_again()
