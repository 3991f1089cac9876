"""Kinds of notifications, with their sentence and the record they lead to."""

from dataclasses import dataclass
from typing import Any, Literal

from core.i18n import N_
from core.permissions import Permission
from models.imports import ImportBatch
from models.orders import Order
from models.partners.applications import Application

Tone = Literal["approved", "returned", "rejected", "done"]


@dataclass(frozen=True, slots=True)
class NotificationKind:
    """One kind of notification.

    Attributes:
        code: Stored with each notification; never changes.
        sentence: English (a catalogue key); ``{key}`` is the record's, other names are arguments. An argument
            ``reason`` is shown below it.
        about: Column of the record's key; who does not see its row reads nothing of it. None: it is about no row.
        resource: Name of the resource in the record's address; of the page, if it is about no row.
        permission: Needed to read it; None where the row alone decides.
    """

    code: str
    sentence: str
    about: Any
    resource: str
    tone: Tone
    permission: Permission | None = None


def _of_order(code: str, sentence: str, tone: Tone) -> NotificationKind:
    return NotificationKind(code, sentence, Order.number, "orders", tone, Permission.ORDER_VIEW)


def _of_application(code: str, sentence: str, tone: Tone) -> NotificationKind:
    return NotificationKind(code, sentence, Application.number, "applications", tone, Permission.APPLICATION_VIEW)


def _of_import(code: str, sentence: str, tone: Tone) -> NotificationKind:
    return NotificationKind(code, sentence, ImportBatch.id, "imports", tone)


def _of_backup(code: str, sentence: str) -> NotificationKind:
    return NotificationKind(code, sentence, None, "jobs", "rejected", Permission.SYSTEM_OPERATE)


ORDER_APPROVED = _of_order("order.approved", N_("{who} approved order {key}"), "approved")
ORDER_REJECTED = _of_order("order.rejected", N_("{who} rejected order {key}"), "rejected")
ORDER_RETURNED = _of_order("order.returned", N_("{who} returned order {key} for change"), "returned")
APPLICATION_APPROVED = _of_application(
    "application.approved", N_("{who} approved the application of {name}, whom you invited"), "approved"
)
APPLICATION_REFUSED = _of_application(
    "application.refused", N_("{who} refused the application of {name}, whom you invited"), "rejected"
)
APPLICATION_RETURNED = _of_application(
    "application.returned", N_("{who} returned the application of {name}, whom you invited"), "returned"
)
IMPORT_APPLIED = _of_import(
    "import.applied", N_("“{file}” is imported: {created} new, {updated} changed, {refused} wrong"), "done"
)
IMPORT_REFUSED = _of_import("import.refused", N_("Nothing of “{file}” was imported: look at what is wrong"), "rejected")
IMPORT_CHECKED = _of_import("import.checked", N_("“{file}” is checked and can be imported"), "done")
IMPORT_WORKBOOK = _of_import("import.workbook", N_("The workbook with the errors of “{file}” is ready"), "done")
IMPORT_STOPPED = _of_import("import.stopped", N_("Work on “{file}” stopped because of a problem"), "rejected")
BACKUP_LATE = _of_backup("backup.late", N_("There has been no backup for two days"))
BACKUP_NOT_COPIED = _of_backup("backup.not_copied", N_("The backup {key} could not be copied to the second place"))
BACKUP_NOT_PROVEN = _of_backup("backup.not_proven", N_("The drill of the backup {key} failed"))

KINDS = {
    kind.code: kind
    for kind in (
        ORDER_APPROVED,
        ORDER_REJECTED,
        ORDER_RETURNED,
        APPLICATION_APPROVED,
        APPLICATION_REFUSED,
        APPLICATION_RETURNED,
        IMPORT_APPLIED,
        IMPORT_REFUSED,
        IMPORT_CHECKED,
        IMPORT_WORKBOOK,
        IMPORT_STOPPED,
        BACKUP_LATE,
        BACKUP_NOT_COPIED,
        BACKUP_NOT_PROVEN,
    )
}
