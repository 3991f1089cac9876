"""The inbox of stores that wait: the worst first, what speaks against each, photos, neighbours, a decision."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from core.addresses import KeyInPath, record_path
from core.clock import now
from core.errors import Conflict, DomainError, NotFound
from core.i18n import N_, _, ngettext
from core.permissions import Permission
from models.stores import Store, StoreFinding, StoreStatus
from pages.approvals.spans import waiting_text
from pages.components.base.assets import add_style
from pages.components.base.buttons import button, link_button
from pages.components.base.elements import Tag
from pages.components.base.toasts import toast
from pages.components.forms.dialogs import confirm
from pages.components.forms.fields import FormField, text_field
from pages.components.layout.content import empty_state, keys_hint, notice, page_header, panel, update_subtitle
from pages.components.layout.inbox import Inbox, poll
from pages.components.layout.views import ListItem
from pages.components.maps import add_map
from pages.shell.calls import call, call_or_raise, page, show_refusal
from pages.shell.navigation import count_again, staff_shell
from pages.shell.reading import read, read_as_current_user
from pages.stores._record import dismiss
from pages.stores._review_record import Case, draw_case, read_case
from pages.web.addresses import RowId
from pages.web.identity import page_actor, require_actor
from pages.web.pictures import picture_answer
from pages.web.policies import permitted
from services.accounts.sessions import SignInNeeded
from services.outcomes import Outcome
from services.partners.queries import partner_labels
from services.stores.queries import find_photo, stores_coded, worst_findings
from services.stores.review import (
    accept_stores,
    close_store,
    decide_store,
    send_back_store,
    stores_under_review,
    stores_under_review_count,
)
from services.stores.rules import TITLES

LOOK_AGAIN_S = 20.0
SHOWN_MAX = 200
LATE = timedelta(days=2)
WAITS = (StoreStatus.UNDER_REVIEW.value, StoreStatus.APPLIED.value)


def register_store_review(app: FastAPI) -> None:
    """Register the inbox and the pictures it shows."""
    draw = page("/stores/review", permission=Permission.STORE_REVIEW, title=N_("Stores to review"))
    draw(store_review_page)

    @app.get(
        "/stores/{code}/photos/{photo_id}",
        dependencies=[Depends(permitted(Permission.STORE_VIEW))],
        include_in_schema=False,
    )
    async def store_photo(request: Request, code: KeyInPath, photo_id: RowId) -> Response:
        photo = await read(require_actor(request), find_photo, code, photo_id)
        return picture_answer(request.headers, photo.sha256)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits: the lines of the list, and how many wait too long."""

    items: list[ListItem]
    late_count: int
    count: int


def read_waiting(session: Session, wanted: str = "") -> Waiting:
    """Return what waits within the actor's scope, worst score first; the store ``wanted``, if it waits, among it."""
    stores = stores_under_review(session, limit=SHOWN_MAX)
    if wanted and all(store.code != wanted for store in stores):
        stores = [*stores_coded(session, wanted, WAITS), *stores]
    ids = [store.id for store in stores]
    labels = partner_labels(session, [store.partner_id for store in stores])
    partners = {number: name for number, (_code, name) in labels.items()}
    worst = worst_findings(session, ids)
    items = [_item(store, partners, worst.get(store.id)) for store in stores]
    return Waiting(items, sum(item.is_late for item in items), stores_under_review_count(session))


def read_waiting_codes(session: Session) -> set[str]:
    """Return the codes of what waits, for the question whether the list is still as it is."""
    return {store.code for store in stores_under_review(session, limit=SHOWN_MAX)}


def _item(store: Store, partners: dict[int, str], worst: StoreFinding | None) -> ListItem:
    since = store.updated_at
    age, _is_late = waiting_text(since)
    why = _(TITLES.get(worst.code, worst.code)) if worst else partners.get(store.partner_id or 0, _("The brand itself"))
    score = "" if store.score is None else str(store.score)
    return ListItem(store.code, store.name, score, why, age, now() - since > LATE)


async def store_review_page(request: Request) -> None:
    """Draw the inbox; ``?store=`` chooses the line that is open at first."""
    wanted = request.query_params.get("store", "")[:64]
    found = await read(page_actor(), read_waiting, wanted)
    async with staff_shell(_("Stores to review"), current="store-review", fill=True):
        for sheet in ("stores.css", "photos.css", "lines.css"):
            add_style(sheet)
        add_map()
        await StoreInbox(found).draw(wanted)


class StoreInbox:
    """The inbox on one person's screen."""

    def __init__(self, found: Waiting) -> None:
        self._found = found
        self._known = {item.key for item in found.items}
        self._case: Case | None = None
        self._shown = ""
        self._note: FormField | None = None

    async def draw(self, code: str) -> None:
        """Draw the page, with one line open."""
        with page_header(_("Stores to review"), self._subtitle()):
            keys_hint({"J K": _("Up and down"), "A": _("Accept")})
            self._accept_chosen = button(
                _("Accept chosen"), self._accept_many, testid="action-accept-chosen", enabled=False
            )
            link_button(_("Store map"), "/stores/map?status=under_review", icon="map", testid="action-map")
        self._news = Tag("div", css="qd-fresh", role="status", hidden=True)
        if not self._found.items:
            with (
                panel(),
                empty_state(_("No store waits"), _("Stores appear here when something about them needs a look.")),
            ):
                link_button(_("All stores"), "/stores")
            return
        self._inbox = Inbox(
            self._found.items, self._show, label=_("Stores to review"), on_tick=self._ticked, tickable=self._known
        )
        first = code if code in self._inbox.keys else self._inbox.keys[0]
        await self._inbox.open(first, leave_list=bool(code))
        poll(LOOK_AGAIN_S, self._look_for_news)

    def _subtitle(self) -> str:
        count = _("{count} to decide", count=self._found.count)
        late = self._found.late_count
        return f"{count} · " + _("{count} late", count=late) if late else count

    async def _show(self, code: str, problem: str = "", *, is_news: bool = False) -> None:
        """Draw one store at the right, as it is now. The buttons of the one before go first."""
        if code == self._shown and not problem and not is_news:
            return
        self._shown, self._case, self._note = code, None, None
        with self._inbox.bar():
            pass
        try:
            case = await read_as_current_user(read_case, code)
        except SignInNeeded as error:
            show_refusal(error)
            return
        except DomainError as error:
            with self._inbox.detail():
                notice(error.text, "danger", testid="problem")
            return
        if code != self._shown:
            return  # another one was opened meanwhile
        self._case = case
        with self._inbox.detail():
            if problem:
                notice(problem, "danger", testid="problem")
            draw_case(case, on_dismiss=self._dismiss)
        with self._inbox.bar():
            self._draw_bar(case)

    def _draw_bar(self, case: Case) -> None:
        if case.store.status not in WAITS:
            link_button(_("Open the store"), record_path("stores", case.store.code))
            return
        button(_("Accept"), self._accept, look="primary", key="a", testid="action-accept")
        button(_("Send back"), self._send_back, testid="action-send-back")
        button(_("Close the store"), self._close, look="danger", testid="action-close")
        self._note = text_field("note", _("Note"), placeholder=_("Note (needed to send back or close)"), max_length=500)

    async def _accept(self) -> None:
        await self._decide("accept")

    async def _send_back(self) -> None:
        await self._decide("send-back")

    async def _close(self) -> None:
        await self._decide("close")

    async def _decide(self, what: str) -> None:
        case, field = self._case, self._note
        if case is None or field is None:
            return
        code, note = case.store.code, str(field.value or "").strip()
        if what != "accept" and not note:
            field.refuse(_("Please give a reason"))
            field.control.run_method("focus")
            return
        service = {"accept": decide_store, "send-back": send_back_store, "close": close_store}[what]
        said = {"accept": N_("{name} accepted"), "send-back": N_("{name} sent back"), "close": N_("{name} closed")}[
            what
        ]
        try:
            await call_or_raise(service, code, note, version=case.store.version)
        except (Conflict, NotFound) as error:
            await self._show(code, error.text)
        except DomainError as error:
            show_refusal(error)
        else:
            toast(_(said, name=case.store.name))
            await self._go_on(code)

    async def _go_on(self, code: str) -> None:
        self._known.discard(code)
        following = self._inbox.remove(code)
        await self._count_again()
        if following:
            await self._inbox.open(following)
            return
        self._shown, self._case = "", None
        with self._inbox.detail(), empty_state(_("No store waits"), _("Everything here is decided.")):
            pass
        with self._inbox.bar():
            pass

    async def _count_again(self) -> None:
        """Say how many are left, wherever this page says so."""
        items = [item for item in self._found.items if item.key in self._known]
        self._found = Waiting(
            items, sum(item.is_late for item in items), await read_as_current_user(stores_under_review_count)
        )
        update_subtitle(self._subtitle())
        await count_again()

    async def _dismiss(self, finding: StoreFinding) -> None:
        await dismiss(partial(self._show, self._shown, is_news=True), finding)

    def _ticked(self) -> None:
        count = len(self._inbox.ticked)
        self._accept_chosen.text = _("Accept chosen") + (f" ({count})" if count else "")
        self._accept_chosen.set_enabled(bool(count))

    async def _accept_many(self) -> None:
        chosen = [key for key in self._inbox.keys if key in self._inbox.ticked]
        sentence = _("Each is decided on its own; what was decided meanwhile stays as it is.")
        question = ngettext("Accept {count} store?", "Accept {count} stores?", len(chosen))
        if not chosen or await confirm(question, sentence, yes=_("Accept")) is None:
            return
        outcomes: list[Outcome] | None = await call(accept_stores, chosen, "")
        for outcome in outcomes or ():
            if outcome.problem is None:
                self._known.discard(outcome.key)
                self._inbox.remove(outcome.key)
            else:
                toast(f"{outcome.key}: {outcome.problem.text}", tone="danger")
        await self._count_again()
        if outcomes and not self._inbox.current and self._inbox.keys:
            await self._inbox.open(self._inbox.keys[0], leave_list=False)

    async def _look_for_news(self) -> None:
        """Say that the list has changed meanwhile; it changes on the screen only when the person says so."""
        try:
            codes = await read_as_current_user(read_waiting_codes)
        except SignInNeeded:
            return  # the next click says so
        added, gone = len(codes - self._known), len(self._known - codes)
        self._news.clear()
        self._news.put(hidden=not added and not gone)
        if added or gone:
            parts = [_("{count} new", count=added)] if added else []
            parts += [_("{count} decided by others", count=gone)] if gone else []
            with self._news, notice(" · ".join(parts), "info", testid="news"):
                button(_("Refresh the list"), self._refresh, testid="action-refresh")

    async def _refresh(self) -> None:
        self._found = await read_as_current_user(read_waiting)
        self._known = {item.key for item in self._found.items}
        self._news.clear()
        self._news.put(hidden=True)
        self._inbox.show_all(self._found.items, self._known)
        await self._count_again()
