"""How the audit trail appears: what happened, to what, by whom. Nobody states or changes it."""

from dataclasses import dataclass

from core.event_actions import EventAction
from core.events.log import Event
from core.i18n import N_
from core.kinds.kind import Choice, Kind
from core.kinds.standard import CODE, INSTANT, LINE, MONEY, QUANTITY, choice
from core.permissions import Permission
from core.resource import Field, Resource
from resources._modules import declared

OTHER_ACTIONS = (
    EventAction("demo.loaded", N_("Demo data loaded")),
    EventAction("demo.cleared", N_("Demo data cleared"), N_("cleared it")),
    EventAction("access.refused", N_("Refused: not permitted"), N_("refused it"), tone="danger"),
    EventAction("job.stopped", N_("Job stopped")),
    EventAction("job.retried", N_("Job tried again")),
    EventAction("job.refused", N_("Job refused: its owner may not do it any more"), N_("refused it"), tone="danger"),
    EventAction("backup.made", N_("Backup made")),
    EventAction("backup.restored", N_("Backup restored")),
    EventAction("clock.doubted", N_("Clock jumped")),
    EventAction("clock.confirmed", N_("Clock confirmed")),
    EventAction("audit_log.triggers_restored", N_("Triggers of the audit trail put back")),
    EventAction("move.completed", N_("Database moved")),
    EventAction("events.exported", N_("Audit trail exported"), N_("exported rows")),
)
"""What happens to no row of a resource."""
OTHERS = declared("events")
_WORKSHEETS = tuple(one.worksheet for one in OTHERS if one.worksheet is not None)
ACTIONS: dict[str, EventAction] = {
    action.name: action
    for action in (
        *(action for one in OTHERS for action in one.event_actions),
        *(one.exported_action for one in _WORKSHEETS),
        *OTHER_ACTIONS,
    )
}
"""Whatever can be recorded, by name."""
OTHER_SUBJECTS = (
    Choice("access", N_("Access")),
    Choice("backups", N_("Backup")),
    Choice("clock", N_("Clock")),
    Choice("demo", N_("Demo data")),
    Choice("events", N_("Event")),
    Choice("jobs", N_("Job")),
    Choice("moves", N_("Move of the database")),
)
SUBJECTS = tuple(
    sorted(
        (*(Choice(one.name, one.title) for one in (*OTHERS, *_WORKSHEETS)), *OTHER_SUBJECTS), key=lambda one: one.value
    )
)
SOURCES = (
    Choice("screen", N_("Page")),
    Choice("import", N_("Import")),
    Choice("api", N_("WEB API")),
    Choice("command line", N_("Command line")),
    Choice("job", N_("Background job")),
)


@dataclass(frozen=True, slots=True)
class Fact:
    """What an event carries besides changes. ``kind``: how it is written, as its kind dumps it; None = plainly."""

    label: str
    kind: Kind | None = None


FACTS: dict[str, Fact] = {
    "rows": Fact(N_("Rows")),
    "query": Fact(N_("Filter")),
    "format": Fact(N_("File format")),
    "file": Fact(N_("File")),
    "total": Fact(N_("Amount"), MONEY),
    "reason": Fact(N_("Reason")),
    "address": Fact(N_("Network address")),
    "name": Fact(N_("Name")),
    "purpose": Fact(N_("Purpose")),
    "permission": Fact(N_("Permission")),
    "route": Fact(N_("Page or address")),
    "note": Fact(N_("Note")),
    "created": Fact(N_("New rows")),
    "updated": Fact(N_("Changed rows")),
    "refused": Fact(N_("Wrong rows")),
    "left": Fact(N_("Codes left")),
    "bytes": Fact(N_("Bytes")),
    "files": Fact(N_("Files")),
    "created_at": Fact(N_("Backup of"), INSTANT),
}
"""What events carry besides changes, as far as people read it."""

EVENTS = Resource(
    name="events",
    label=N_("Audit trail"),
    title=N_("Event"),
    model=Event,
    keys=("number",),
    view=Permission.EVENT_VIEW,
    order=("-number",),
    fields=(
        Field(name="number", label=N_("Event number"), kind=QUANTITY, column=Event.id, stated=False, serial=True),
        Field(name="at", label=N_("When"), kind=INSTANT, column=Event.at, stated=False),
        Field(name="actor", label=N_("Who"), kind=LINE, column=Event.actor, stated=False, width=160),
        Field(
            name="action",
            label=N_("What happened"),
            kind=choice(*(Choice(one.name, one.label) for one in ACTIONS.values())),
            column=Event.action,
            stated=False,
            width=180,
        ),
        Field(name="subject", label=N_("To what"), kind=choice(*SUBJECTS), column=Event.subject, stated=False),
        Field(name="subject_key", label=N_("Its key"), kind=CODE, column=Event.subject_key, stated=False),
        Field(
            name="source", label=N_("Through"), kind=choice(*SOURCES), column=Event.source, stated=False, seldom=True
        ),
        Field(name="batch", label=N_("Import number"), kind=QUANTITY, column=Event.batch_id, stated=False, serial=True),
    ),
)
