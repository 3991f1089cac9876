"""Changes of upstream in the inbox: what a person is asked to agree to or to decide, what is due first at the top."""

from sqlalchemy.orm import Session

from core.access import Actor
from core.addresses import record_path
from core.i18n import N_, _
from core.permissions import Permission
from models.partners.affiliation_requests import STATUS_LABELS, RequestStatus
from pages.approvals.bar import DecisionBar
from pages.approvals.spans import waiting_text
from pages.approvals.subjects import WAITING, InboxPage, InboxSubject, OnDone, OnStale
from pages.components.base.buttons import link_button, text_link
from pages.components.base.elements import Tag
from pages.components.layout.content import chip, row, tone_of
from pages.components.layout.views import ListItem
from pages.partners._affiliation_facts import RequestFacts, draw_request_facts, is_asked, read_request
from pages.partners.affiliations import PATH, draw_ask_link
from services.approvals.worklist import WorkItem, waiting_count, worklist
from services.partners.approval import (
    AFFILIATION_APPROVALS,
    agree_to_affiliation,
    approve_affiliation,
    decline_affiliation,
    is_own_request,
    reject_affiliation,
)

NAME = AFFILIATION_APPROVALS.name


def read_inbox(session: Session, view: str) -> InboxPage:
    """Return what waits for the session's person."""
    items = [_item(one) for one in worklist(session, NAME)]
    return InboxPage(items, read_counts(session), late=frozenset(item.key for item in items if item.is_late))


def read_counts(session: Session) -> dict[str, int]:
    """Return how many wait for the session's person."""
    return {WAITING: waiting_count(session, NAME)}


def read_waiting(session: Session) -> set[str]:
    """Return the numbers of what waits for the session's person."""
    return {one.key for one in worklist(session, NAME)}


def _item(one: WorkItem) -> ListItem:
    age, is_late = waiting_text(one.since, one.due_at)
    return ListItem(one.key, one.title, "", one.key, age, is_late)


def _draw_case(facts: RequestFacts, actor: Actor, draw_again: OnDone) -> None:
    request = facts.request
    with row():
        with Tag("h2", css="qd-heading"):
            text_link(request.number, record_path(NAME, request.number))
        chip(_(STATUS_LABELS[RequestStatus(request.status)][0]), tone_of(request.status))
    draw_request_facts(facts)


def _draw_bar(facts: RequestFacts, actor: Actor, on_done: OnDone, on_stale: OnStale) -> None:
    request = facts.request
    number, status = request.number, RequestStatus(request.status)
    bar = DecisionBar(number, request.version, on_done, on_stale)
    if status is RequestStatus.ASKED and is_asked(actor, request):
        agreed, declined = (
            _("You agreed to change {number}", number=number),
            _("Change {number} declined", number=number),
        )
        bar.button("agree", _("Agree"), agree_to_affiliation, agreed, look="primary", key="a")
        bar.button("decline", _("Decline"), decline_affiliation, declined, look="danger", key="r", needs_reason=True)
        bar.reason(_("Note"), _("Note (needed to decline)"))
    elif (
        status is RequestStatus.UNDER_REVIEW
        and actor.can(Permission.APPLICATION_DECIDE)
        and not is_own_request(actor, request)
    ):
        approved, rejected = _("Change {number} approved", number=number), _("Change {number} refused", number=number)
        bar.button("approve", _("Approve"), approve_affiliation, approved, look="primary", key="a")
        bar.button("refuse", _("Refuse"), reject_affiliation, rejected, look="danger", key="r", needs_reason=True)
        bar.reason(_("Reason"), _("Reason (needed to refuse)"))
    else:
        link_button(_("Open the change"), record_path(NAME, number))


def _draw_links(actor: Actor) -> None:
    link_button(_("All as a list"), PATH, testid="action-all")
    draw_ask_link(actor)


def _hints(actor: Actor) -> dict[str, str]:
    decides = actor.can(Permission.APPLICATION_DECIDE)
    yes, no = (_("Approve"), _("Refuse")) if decides else (_("Agree"), _("Decline"))
    return {"J K": _("Up and down"), "A": yes, "R": no}


INBOX = InboxSubject(
    name=NAME,
    label=N_("Changes of upstream"),
    list_label=N_("Changes of upstream"),
    href=f"/approvals?subject={NAME}",
    place=NAME,
    parameter="request",
    permission=Permission.APPLICATION_VIEW,
    views=lambda actor: {WAITING: _("To decide") if actor.is_brand else _("To answer")},
    empty={
        WAITING: (
            N_("No change of upstream waits for you"),
            N_("Changes of upstream appear here as soon as it is your turn."),
        )
    },
    all_link=(N_("All changes of upstream"), PATH),
    hints=_hints,
    read=read_inbox,
    read_counts=read_counts,
    read_waiting=read_waiting,
    read_case=read_request,
    draw_case=_draw_case,
    draw_bar=_draw_bar,
    draw_header=_draw_links,
)
