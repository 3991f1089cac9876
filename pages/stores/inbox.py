"""Stores in the inbox: the worst first, what speaks against each, photos, neighbours, and the buttons that decide."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial

from fastapi import Request
from sqlalchemy.orm import Session

from core.access import Actor
from core.addresses import record_path
from core.i18n import N_, _, ngettext
from core.permissions import Permission
from models.stores import Store, StoreFinding, StoreStatus
from pages.approvals.bar import DecisionBar
from pages.approvals.inbox import draw_inbox
from pages.approvals.results import show_results
from pages.approvals.spans import waiting_text
from pages.approvals.subjects import WAITING, InboxPage, InboxSubject, OnDone, OnStale
from pages.components.base.buttons import button, link_button
from pages.components.base.elements import Tag
from pages.components.forms.dialogs import confirm
from pages.components.layout.records import Cell, LineColumn
from pages.components.layout.views import ListItem
from pages.components.maps import add_map
from pages.shell.calls import call_each
from pages.stores._record import dismiss
from pages.stores._review_record import Case, draw_case, read_case
from services.approvals.queries import returned_keys
from services.partners.queries import partner_labels
from services.stores import approval
from services.stores.queries import stores_coded, worst_findings
from services.stores.review import (
    TOO_MANY,
    close_store,
    decide_store,
    send_back_store,
    stores_under_review,
    stores_under_review_count,
)
from services.stores.rules import TITLES

SHOWN_MAX = 200
LATE = timedelta(days=2)


async def inbox_page(request: Request) -> None:
    """Draw the inbox of stores at its own address; ``?store=`` chooses the line that is open at first."""
    await draw_inbox(request, INBOX)


def read_inbox(session: Session, view: str) -> InboxPage:
    """Return what waits for the session's person, worst score first."""
    return _page(session, stores_under_review(session, limit=SHOWN_MAX))


def read_item(session: Session, code: str) -> InboxPage:
    """Return the line of a store that waits, also of one that the list is too short for."""
    return _page(session, stores_coded(session, code, approval.WAITING))


def read_counts(session: Session) -> dict[str, int]:
    """Return how many wait for the session's person."""
    return {WAITING: stores_under_review_count(session)}


def read_waiting(session: Session) -> set[str]:
    """Return the codes of what waits, for the question whether the list is still as it is."""
    return {store.code for store in stores_under_review(session, limit=SHOWN_MAX)}


def _page(session: Session, stores: Sequence[Store]) -> InboxPage:
    labels = partner_labels(session, [store.partner_id for store in stores])
    partners = {number: name for number, (_code, name) in labels.items()}
    worst = worst_findings(session, [store.id for store in stores])
    applied = [store.code for store in stores if store.status == StoreStatus.APPLIED]
    sent_back = returned_keys(session, approval.STORE_APPROVALS.name, applied) if applied else set[str]()
    items = [_item(store, partners, worst.get(store.id), is_sent_back=store.code in sent_back) for store in stores]
    late = frozenset(item.key for item in items if item.is_late)
    return InboxPage(items, read_counts(session), {store.code: store for store in stores}, late)


def _item(store: Store, partners: dict[int, str], worst: StoreFinding | None, *, is_sent_back: bool) -> ListItem:
    since = store.updated_at
    age, is_late = waiting_text(since, since + LATE)
    why = _(TITLES.get(worst.code, worst.code)) if worst else partners.get(store.partner_id or 0, _("The brand itself"))
    why = f"{_('Sent back')} · {why}" if is_sent_back else why
    score = "" if store.score is None else str(store.score)
    return ListItem(store.code, store.name, score, why, age, is_late)


class BulkAccept:
    """The button for the lines that are ticked; ``on_done`` gets their codes."""

    def __init__(self, on_done: Callable[[Sequence[str]], Awaitable[None]]) -> None:
        self._on_done = on_done
        self._chosen: Sequence[Store] = ()

    def draw(self) -> None:
        """Draw the button; it can be pressed once something is ticked."""
        self._button = button(_("Accept chosen"), self._accept, testid="action-accept-chosen", enabled=False)
        self._report = Tag("div", hidden=True)

    def choose(self, chosen: Sequence[Store]) -> None:
        """Note what is ticked now."""
        self._chosen = list(chosen)
        self._button.text = _("Accept chosen") + (f" ({len(chosen)})" if chosen else "")
        self._button.set_enabled(bool(chosen))

    async def _accept(self) -> None:
        chosen = self._chosen
        sentence = _("Each is decided on its own; what was decided meanwhile stays as it is.")
        question = ngettext("Accept {count} store?", "Accept {count} stores?", len(chosen))
        if not chosen or await confirm(question, sentence, yes=_("Accept")) is None:
            return
        versions = {one.code: one.version for one in chosen}
        outcomes = await call_each(
            Permission.STORE_REVIEW,
            list(versions),
            lambda session, code: decide_store(session, code, version=versions[code]),
            too_many=TOO_MANY,
        )
        if outcomes is None:
            return
        names = {one.code: one.name for one in chosen}
        show_results(
            self._report,
            _("Result for each store"),
            outcomes,
            summary=_("{count} of {all} accepted", count=sum(one.ok for one in outcomes), all=len(outcomes)),
            done=_("Accepted"),
            columns=[LineColumn("store", _("Store"))],
            cells=lambda key: {"store": Cell(names[key], href=record_path("stores", key), note=key)},
        )
        await self._on_done([one.key for one in outcomes])


def _draw_case(case: Case, actor: Actor, draw_again: OnDone) -> None:
    draw_case(case, on_dismiss=partial(dismiss, draw_again))


def _draw_bar(case: Case, actor: Actor, on_done: OnDone, on_stale: OnStale) -> None:
    store = case.store
    if store.status not in approval.WAITING:
        link_button(_("Open the store"), record_path("stores", store.code))
        return
    bar = DecisionBar(store.code, store.version, on_done, on_stale)
    accepted, sent_back = _("{name} accepted", name=store.name), _("{name} sent back", name=store.name)
    closed = _("{name} closed", name=store.name)
    bar.button("accept", _("Accept"), decide_store, accepted, look="primary", key="a")
    bar.button("send-back", _("Send back"), send_back_store, sent_back, needs_reason=True)
    bar.button("close", _("Close the store"), close_store, closed, look="danger", needs_reason=True)
    bar.reason(_("Note"), _("Note (needed to send back or close)"), name="note", max_length=500)


def _draw_header(actor: Actor) -> None:
    add_map()  # the cases are drawn by events
    link_button(_("Store map"), "/stores/map?status=under_review", icon="map", testid="action-map")


INBOX = InboxSubject(
    name=approval.STORE_APPROVALS.name,
    label=N_("Stores"),
    list_label=N_("Stores to review"),
    href=f"/approvals?subject={approval.STORE_APPROVALS.name}",
    place="store-review",
    parameter="store",
    permission=Permission.STORE_REVIEW,
    views=lambda actor: {WAITING: _("To decide")},
    empty={WAITING: (N_("No store waits"), N_("Stores appear here when something about them needs a look."))},
    all_link=(N_("All stores"), "/stores"),
    hints=lambda actor: {"J K": _("Up and down"), "A": _("Accept")},
    read=read_inbox,
    read_item=read_item,
    read_counts=read_counts,
    read_waiting=read_waiting,
    read_case=read_case,
    draw_case=_draw_case,
    draw_bar=_draw_bar,
    draw_header=_draw_header,
    bulk=BulkAccept,
    styles=("stores.css", "photos.css", "lines.css"),
)
