"""A store's record: its map, what speaks against it, photos, where it was before, and whether it may order."""

from collections.abc import Callable
from functools import partial
from inspect import isawaitable
from typing import Any
from urllib.parse import quote

from core.access import Actor
from core.addresses import record_path
from core.errors import DomainError
from core.i18n import _
from core.permissions import Permission
from core.settings import settings
from models.partners.partners import PartnerStatus
from models.stores import StoreFinding, StoreStatus
from pages.components.base.assets import add_style
from pages.components.base.buttons import button, link_button, text_link
from pages.components.base.elements import Tag
from pages.components.base.navigation import load_again
from pages.components.base.toasts import toast
from pages.components.forms.dialogs import confirm
from pages.components.layout.content import notice, panel, paragraph
from pages.components.maps import add_map
from pages.resources.sections import Record
from pages.shell.calls import call
from pages.shell.reading import read
from pages.stores._review_record import (
    Case,
    draw_findings,
    draw_map,
    draw_neighbours,
    draw_photos,
    draw_positions,
    read_case,
)
from services.geocoding import ask_for_position, take_proposal
from services.stores.ordering import allow_ordering, stop_ordering
from services.stores.review import dismiss_finding, reopen_store
from services.stores.rules import TITLES

WAITS = (StoreStatus.APPLIED, StoreStatus.UNDER_REVIEW)


def store_actions(record: Record, actor: Actor) -> None:
    """Draw the buttons of a store's record beside its own actions."""
    status, code = record.row.get("status"), quote(record.key, safe="")
    if status in WAITS and actor.can(Permission.STORE_REVIEW):
        link_button(_("Review"), f"/stores/review?store={code}", look="primary", testid="action-review")
    if status == StoreStatus.CLOSED and actor.can(Permission.STORE_REVIEW):
        button(_("Open again"), partial(_reopen, record.key), testid="action-reopen")
    has_position = record.row.get("latitude") is not None
    if settings().geocoder and not has_position and record.row.get("address") and actor.can(Permission.STORE_EDIT):
        button(_("Find position by address"), partial(_look_up, record.key), testid="action-geocode")
    if status != StoreStatus.CLOSED and actor.can(Permission.STORE_REGISTER):
        move = record_path("stores", record.key, "position")
        link_button(_("New position"), move, icon="place", testid="action-move")


async def store_sections(record: Record, actor: Actor) -> None:
    """Draw what only a store has, below its fields."""
    for sheet in ("stores.css", "photos.css", "lines.css"):
        add_style(sheet)
    add_map()
    try:
        case = await read(actor, read_case, record.key)
    except DomainError as error:
        notice(error.text, "danger", testid="problem")
        return
    may_review = actor.can(Permission.STORE_REVIEW)
    with panel(_("Position")):
        with Tag("div", css="qd-case"):
            draw_map(case)
            draw_photos(case)
        draw_neighbours(case)
        if case.positions:
            draw_positions(case)
    with panel(_("What speaks against it")):
        may_take = actor.can(Permission.STORE_EDIT) and case.store.latitude is None
        draw_findings(case, partial(dismiss, load_again) if may_review else None, _take if may_take else None)
    if may_review:
        with panel(_("Ordering")):
            _draw_ordering(case)


async def dismiss(then: Callable[[], Any], finding: StoreFinding) -> None:
    """Ask why a finding does not hold, dismiss it, and call ``then``."""
    title = _(TITLES.get(finding.code, finding.code))
    sentence = _("Its points come back into the score; it stays in the history.")
    note = await confirm(_("Dismiss “{finding}”?", finding=title), sentence, yes=_("Dismiss"), reason=_("Why"))
    if note is not None and await call(dismiss_finding, finding.id, note) is not None:
        result = then()
        if isawaitable(result):
            await result


def _draw_ordering(case: Case) -> None:
    store = case.store
    if case.ordering:
        text_link(_("It stands among the partners under its own code."), record_path("partners", store.code))
    else:
        paragraph(
            _("This store does not order by itself. If it may, it stands among the partners, under its supplier.")
        )
    if case.ordering == PartnerStatus.ACTIVE:
        button(_("Stop ordering"), partial(_stop, store.code), look="danger", testid="action-stop-ordering")
    elif store.status == StoreStatus.ACTIVE:
        button(_("Allow ordering"), partial(_allow, store.code), testid="action-allow-ordering")


async def _look_up(code: str) -> None:
    if await call(ask_for_position, code) is not None:
        toast(_("The address is being looked up. What is found appears below, after reloading."))


async def _take(finding: StoreFinding) -> None:
    if await call(take_proposal, finding.id) is not None:
        load_again()


async def _allow(code: str) -> None:
    if await call(allow_ordering, code) is not None:
        load_again()


async def _stop(code: str) -> None:
    sentence = _("Its open orders stay; it places no new ones.")
    note = await confirm(
        _("Stop ordering of {code}?", code=code), sentence, yes=_("Stop"), danger=True, reason=_("Why")
    )
    if note is not None and await call(stop_ordering, code, note) is not None:
        load_again()


async def _reopen(code: str) -> None:
    note = await confirm(
        _("Open {code} again?", code=code), _("It waits for a review first."), yes=_("Open again"), reason=_("Why")
    )
    if note is not None and await call(reopen_store, code, note) is not None:
        load_again()
