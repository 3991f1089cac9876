"""The audit log: a list with filters, and each event with every value before and after."""

from typing import Any

from sqlalchemy.orm import Session

from core.addresses import record_path
from core.database.sessions import actor_of
from core.errors import NotFound
from core.events.log import Event
from core.events.queries import event_numbered
from core.i18n import N_, _
from core.permissions import Permission
from core.queries.finding import find_row
from core.resource import Resource
from pages.components.base.buttons import text_link
from pages.components.layout.content import kv, page_header, panel, stack
from pages.components.layout.records import TimelineEntry, instant_text, timeline
from pages.resources.history import source_text, timeline_entries
from pages.resources.screens import OWN_RECORD_AND_FORM, Screen
from pages.resources.value_texts import value_text, who_text
from pages.shell.calls import page
from pages.shell.navigation import Place, staff_shell
from pages.shell.reading import read
from resources import BY_NAME
from resources.events import EVENTS, FACTS, Fact

DIGITS_MAX = 18  # of a number that every column holds
SCREEN = Screen(resource=EVENTS, own=OWN_RECORD_AND_FORM, empty_text=N_("Whatever somebody changes appears here."))
PLACES = (
    Place(
        name="events",
        label=N_("Audit trail"),
        href="/events",
        icon="events",
        group="settings",
        rank=4,
        permission=Permission.EVENT_VIEW,
    ),
)


def register_audit_log() -> None:
    """Register ``/events/NUMBER``."""

    @page("/events/{number}", permission=EVENTS.view, title=EVENTS.title)
    async def draw_event(number: str) -> None:
        await event_page(number)


async def event_page(number: str) -> None:
    """Draw one event as the whole page. Raises ``NotFound``: ``events.not_found``."""
    async with staff_shell(_("Event {number}", number=number), current="events") as actor:
        event, happening, has_record = await read(actor, find_event, number)
        title = _(EVENTS.field("action").kind.label_of(event.action))
        with page_header(title, event.subject_key, crumbs={_(EVENTS.label): "/events"}):
            pass
        with stack():
            with panel(_("What happened")):
                kv(_facts(event, has_record=has_record))
            if happening.changes:
                with panel(_("Before and after")):
                    timeline([happening])


def find_event(session: Session, number: str) -> tuple[Event, TimelineEntry, bool]:
    """Return an event, its timeline entry, and whether its subject has a record that the actor may open.

    The entry is without values that are confidential to the actor.

    Raises:
        NotFound: ``events.not_found``.
    """
    is_number = number.isascii() and number.isdigit() and len(number) <= DIGITS_MAX
    event = event_numbered(session, int(number)) if is_number else None
    if event is None:
        raise NotFound("events.not_found", N_("There is no event {number}."), number=number)
    subject = BY_NAME.get(event.subject)
    (happening,) = timeline_entries(session, subject or EVENTS, [event])
    return event, happening, subject is not None and _has_record(session, subject, event.subject_key)


def _has_record(session: Session, subject: Resource, key: str) -> bool:
    return key != "" and actor_of(session).can(subject.view) and find_row(session, subject, key) is not None


def _facts(event: Event, *, has_record: bool) -> dict[str, object]:
    label = _(EVENTS.field("subject").kind.label_of(event.subject))
    who = who_text(event.actor)
    facts: dict[str, object] = {
        _("When"): instant_text(event.at),
        _("Who"): f"{who} ({event.person})" if event.person not in {"", event.actor} else who,
        _("Through"): source_text(event.source, event.batch_id),
    }
    if has_record:
        facts[label] = lambda: text_link(event.subject_key, record_path(event.subject, event.subject_key))
    else:
        facts[label] = event.subject_key
    return facts | {
        _(FACTS[name].label): _fact(FACTS[name], value) for name, value in event.data.items() if name in FACTS
    }


def _fact(fact: Fact, value: Any) -> str:
    if fact.kind is not None:
        return value_text(fact.kind, value)
    return f"{value:,}" if isinstance(value, int) else str(value)
