"""Applications in the inbox: what waits, late ones first, what waits for others, and what is decided."""

from fastapi import Request
from sqlalchemy.orm import Session

from core.access import Actor
from core.i18n import N_, _
from core.permissions import Permission
from pages.applications._facts import draw_application_facts
from pages.applications._queries import ApplicationFacts, can_act, inbox_item, read_application_facts
from pages.applications.actions import ApplicationActions
from pages.approvals.inbox import draw_inbox
from pages.approvals.subjects import InboxPage, InboxSubject, OnDone, OnStale
from pages.components.base.buttons import link_button
from services.applications.queues import DONE, MINE, UPSTREAM, applications_in_view, view_counts, waits_for

SHOWN_MAX = 200


async def inbox_page(request: Request) -> None:
    """Draw the inbox of applications at its own address."""
    await draw_inbox(request, INBOX)


def read_inbox(session: Session, view: str) -> InboxPage:
    """Return a view, see ``applications_in_view``."""
    items = [inbox_item(one) for one in applications_in_view(session, view, SHOWN_MAX)]
    late = frozenset(item.key for item in items if item.is_late) if view != DONE else frozenset[str]()
    return InboxPage(items, view_counts(session), late=late)


def read_waiting(session: Session) -> set[str]:
    """Return the numbers of the applications that wait for the session's person."""
    return {one.number for one in applications_in_view(session, MINE, SHOWN_MAX)}


def draw_links(actor: Actor) -> None:
    """Draw the ways to the list and to the form by which staff enter an application."""
    link_button(_("All as a list"), "/applications", testid="action-all")
    if actor.can(Permission.PARTNER_EDIT):
        link_button(_("Enter an application"), "/applications/new", testid="action-new")


def _draw_bar(facts: ApplicationFacts, actor: Actor, on_done: OnDone, on_stale: OnStale) -> None:
    if can_act(actor, facts.application):
        ApplicationActions(facts.application, actor, on_done, on_stale).draw()
    else:
        link_button(_("Open the application"), f"/applications/{facts.application.number}")


def _views(actor: Actor) -> dict[str, str]:
    others = {UPSTREAM: _("Waiting for others"), DONE: _("Decided")}
    if not waits_for(actor):
        return others
    return {MINE: _("To decide") if actor.can(Permission.APPLICATION_DECIDE) else _("To confirm"), **others}


def _hints(actor: Actor) -> dict[str, str]:
    decides = actor.can(Permission.APPLICATION_DECIDE)
    yes, no = (_("Approve"), _("Refuse")) if decides else (_("Confirm"), _("Decline"))
    return {"J K": _("Up and down"), "A": yes, "R": no}


INBOX = InboxSubject(
    name="applications",
    label=N_("Applications"),
    list_label=N_("Applications"),
    href="/applications/review",
    place="applications",
    parameter="application",
    permission=Permission.APPLICATION_VIEW,
    views=_views,
    empty={
        MINE: (N_("No application waits for you"), N_("Applications appear here as soon as it is your turn.")),
        UPSTREAM: (N_("Nobody else is awaited"), N_("Here stands what upstreams and applicants have to do.")),
        DONE: (N_("Nothing decided yet"), N_("What was approved, refused or taken back appears here.")),
    },
    all_done=N_("You have dealt with all of them."),
    all_link=(N_("All applications"), "/applications"),
    hints=_hints,
    read=read_inbox,
    read_counts=view_counts,
    read_waiting=read_waiting,
    read_case=read_application_facts,
    draw_case=lambda facts, actor, draw_again: draw_application_facts(facts, actor),
    draw_bar=_draw_bar,
    draw_header=draw_links,
    styles=("applications.css", "photos.css"),
)
