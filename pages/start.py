"""The start page: pending work, key figures, recent events; in a new installation, the first steps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal
from urllib.parse import parse_qsl

from sqlalchemy.orm import Session

from core.access import Actor
from core.clock import today
from core.database.sessions import actor_of
from core.events.log import Event
from core.events.queries import latest_events
from core.i18n import N_, _, ngettext
from core.jobs.rows import JobStatus
from core.kinds.kind import Kind
from core.permissions import Permission
from core.queries.finding import find_page, read_query
from core.queries.lookups import has_rows
from pages.components.base.buttons import link_button, text_link
from pages.components.base.elements import Tag
from pages.components.layout.content import (
    Step,
    columns,
    page_header,
    panel,
    paragraph,
    row,
    stack,
    stat_tile,
    steps,
    tiles,
)
from pages.components.layout.records import TimelineEntry, timeline
from pages.resources.screens import Screen
from pages.resources.value_texts import who_text
from pages.shell.calls import page
from pages.shell.clock_notice import draw_clock_notice
from pages.shell.navigation import Place, staff_shell, waiting_places
from pages.shell.reading import read
from resources import BY_NAME
from resources.events import EVENTS
from services.approvals.worklist import waiting_count
from services.jobs.queries import job_counts

RECENT_MAX = 12
PLACES = (
    Place(
        name="start",
        label=N_("Start"),
        href="/",
        icon="home",
        group="workbench",
        rank=1,
    ),
)
SCANNED_MAX = 500  # events that are scanned to group similar ones


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """A key figure, with a link to the list that it counts.

    Attributes:
        href: Of that list: its address shows exactly the rows counted.
        cents: Their sum, where an amount is what matters; ``count`` is then said below.
    """

    name: str
    label: str
    count: int
    href: str
    cents: int | None = None
    is_exact: bool = True


@dataclass(frozen=True, slots=True)
class Overview:
    """Content of the start page.

    Attributes:
        waiting: Work pending with this person. figures: Totals.
        missing: Names of the resources that have no row yet, in the order in which they are to be filled.
    """

    waiting: list[KeyFigure]
    figures: list[KeyFigure]
    missing: list[str]
    recent: list[TimelineEntry]


def register_start(screens: Iterable[Screen]) -> None:
    """Register ``/``; ``screens`` declare the first steps, in their order."""
    first_steps = tuple(screen for screen in screens if screen.first_step)

    @page("/", title=N_("Start"))
    async def draw() -> None:
        await start_page(first_steps)


async def start_page(first_steps: Sequence[Screen]) -> None:
    """Draw the start page."""
    async with staff_shell(_("Start"), current="start") as actor:
        overview = await read(actor, find_overview, first_steps)
        with page_header(_("Start"), f"{today().isoformat()} · {actor.name}"):
            if actor.can(Permission.ORDER_PLACE):
                look: Literal["plain", "primary"] = "plain" if overview.missing else "primary"
                link_button(_("New order"), "/orders/new", look=look, icon="plus", testid="action-new-order")
        await draw_clock_notice(actor)
        if overview.missing:
            _draw_first_steps(first_steps, overview.missing, actor)
        with columns() as (content, rail):
            with content:
                _draw_tiles(_("Waiting for you"), overview.waiting, testid="waiting")
                _draw_tiles(_("At a glance"), overview.figures, testid="figures")
            with rail, panel(_("What happened last")):
                if overview.recent:
                    timeline(overview.recent, label=_("What happened last"))
                else:
                    paragraph(_("Nothing has happened here yet."))
                if actor.can(Permission.EVENT_VIEW):
                    text_link(_("To the audit trail"), "/events")


def find_overview(session: Session, first_steps: Sequence[Screen] = ()) -> Overview:
    """Return the content of the start page for the session's actor."""
    actor = actor_of(session)
    return Overview(
        _waiting(session, actor),
        _figures(session, actor),
        _missing(session, actor, first_steps),
        _recent(session, actor),
    )


def _waiting(session: Session, actor: Actor) -> list[KeyFigure]:
    found = [
        KeyFigure(place.name, place.waiting_label(actor), count, place.href_for(actor))
        for place, count in waiting_places(session)
    ]
    if actor.can(Permission.ORDER_APPROVE):
        to_approve = waiting_count(session, "orders")
        found.append(KeyFigure("to-approve", _("Orders to approve"), to_approve, "/approvals?subject=orders"))
    if actor.can(Permission.ORDER_SHIP):
        found.append(_figure(session, "to-ship", _("Orders to ship"), "orders", "status=approved"))
    if actor.can(Permission.ORDER_PLACE):
        found.append(_figure(session, "drafts", _("Order drafts"), "orders", "status=draft"))
    if actor.can(Permission.PARTNER_EDIT):
        found.append(_figure(session, "to-review", _("Partners to review"), "partners", "status=applied,under_review"))
    if actor.can(Permission.CUSTOMER_EDIT) and actor.is_brand:
        mine = f"owner={actor.person}&stage=lead,contacted,negotiating"
        found.append(_figure(session, "my-customers", _("My open customers"), "customers", mine))
    if actor.can(Permission.USER_EDIT):
        found.append(_figure(session, "invited", _("Invited, not yet signed in"), "users", "status=invited"))
    failed = job_counts(session).get(JobStatus.FAILED, 0)
    if failed:
        found.append(KeyFigure("failed-jobs", _("Failed jobs"), failed, "/jobs?view=failed"))
    return found


def _figures(session: Session, actor: Actor) -> list[KeyFigure]:
    found = []
    if actor.can(Permission.ORDER_VIEW):
        month = f"placed_at={today().replace(day=1).isoformat()}..&status=submitted,approved,shipped"
        found.append(_figure(session, "month", _("Ordered this month"), "orders", month, total="total"))
    if actor.can(Permission.PARTNER_VIEW):
        found.append(_figure(session, "partners", _("Active partners"), "partners", "status=active"))
    if actor.can(Permission.CUSTOMER_VIEW):
        found.append(_figure(session, "won", _("Customers won"), "customers", "stage=won"))
    if actor.can(Permission.PRODUCT_VIEW):
        found.append(_figure(session, "products", _("Products on sale"), "products", "status=active"))
    if actor.can(Permission.USER_VIEW):
        found.append(_figure(session, "users", _("People with access"), "users", "status=active"))
    return found


def _figure(session: Session, name: str, label: str, resource: str, query: str, *, total: str = "") -> KeyFigure:
    """Return how many rows a list has, counted with the list's own query."""
    pairs = [*parse_qsl(query), ("limit", "1"), ("sums", "1" if total else "0")]
    list_query = read_query(BY_NAME[resource], actor_of(session), pairs, from_address=True)
    found = find_page(session, list_query)
    cents = int(Decimal(found.sums[total]) * 100) if total and total in found.sums else None
    return KeyFigure(name, label, found.total or 0, f"/{resource}?{query}", cents, found.total_is_exact)


def _missing(session: Session, actor: Actor, first_steps: Sequence[Screen]) -> list[str]:
    """Return resources without any row that the actor may add to; [] once there is an order, the last of them."""
    wanted = [screen.resource for screen in first_steps]
    if not actor.is_brand or not any(one.edit is not None and actor.can(one.edit) for one in wanted):
        return []
    empty = [one.name for one in wanted if not has_rows(session, one.model)]
    return empty if wanted[-1].name in empty else []


def _recent(session: Session, actor: Actor) -> list[TimelineEntry]:
    kind = EVENTS.field("action").kind
    grouped: list[list[Event]] = []
    events = latest_events(session, SCANNED_MAX, person=None if actor.can(Permission.EVENT_VIEW) else actor.person)
    for one in events:
        if grouped and (grouped[-1][0].actor, grouped[-1][0].action) == (one.actor, one.action):
            grouped[-1].append(one)
        else:
            grouped.append([one])
    return [
        TimelineEntry(
            who_text(group[0].actor),
            _what(kind, group, is_cut=len(events) == SCANNED_MAX and index == len(grouped) - 1),
            group[0].at,
        )
        for index, group in enumerate(grouped[:RECENT_MAX])
    ]


def _what(kind: Kind, group: Sequence[Event], *, is_cut: bool) -> str:
    """Return consecutive similar events as one sentence with their number."""
    label = _(kind.label_of(group[0].action))
    if len(group) == 1:
        return f"{label} {group[0].subject_key}".strip()
    more = "+" if is_cut else ""
    return _("{what}: {count}", what=label, count=f"{len(group):,}{more}")


def _draw_tiles(title: str, figures: Sequence[KeyFigure], *, testid: str) -> None:
    if not figures:
        return
    with Tag("section", css="qd-stack", aria_label=title, testid=testid):
        Tag("h2", title, "qd-heading")
        with tiles():
            for one in figures:
                _draw_tile(one)


def _draw_tile(figure: KeyFigure) -> None:
    count = f"{figure.count:,}" if figure.is_exact else f"{figure.count:,}+"
    if figure.cents is None:
        stat_tile(figure.label, count, href=figure.href, testid=f"tile-{figure.name}")
    else:
        more = "" if figure.is_exact else "+"
        note = ngettext("{count}{more} order", "{count}{more} orders", figure.count, more=more)
        stat_tile(figure.label, figure.cents, note=note, href=figure.href, cents=True, testid=f"tile-{figure.name}")


def _draw_first_steps(first_steps: Sequence[Screen], missing: Sequence[str], actor: Actor) -> None:
    current = next(screen for screen in first_steps if screen.resource.name == missing[0])
    resource = current.resource
    with panel(_("First steps")), stack():
        steps(
            [
                Step(
                    _(one.resource.label),
                    state="current" if one is current else "open" if one.resource.name in missing else "done",
                )
                for one in first_steps
            ],
            label=_("First steps"),
        )
        paragraph(_(current.first_step))
        if resource.edit is None or not actor.can(resource.edit):
            paragraph(_("Someone with the right to do so has to do this step."))
            return
        with row():
            if resource.save is None:
                link_button(_("New order"), f"/{resource.name}/new", look="primary", testid="action-first-new")
                return
            label = _("Import {what}", what=_(resource.label))
            link_button(label, f"/{resource.name}/import", look="primary", testid="action-first-import")
            link_button(_("Add one by hand"), f"/{resource.name}/new", testid="action-first-new")
