"""How imports appear: which file came in, when, and what became of its rows."""

from core.event_actions import EventAction
from core.i18n import N_
from core.kinds.kind import Choice
from core.kinds.standard import INSTANT, LINE, choice, choices_of, integer
from core.permissions import Permission
from core.resource import Field, Resource
from models.imports import STATUS_LABELS, ImportBatch
from resources._modules import declared

COUNT = integer(0, 10**9)
TARGETS = choice(
    *(Choice(one.name, one.label) for one in declared("events", "imports") if (one.worksheet or one).save is not None)
)

IMPORTS = Resource(
    name="imports",
    label=N_("Imports"),
    title=N_("Import"),
    model=ImportBatch,
    keys=("number",),
    view=Permission.IMPORT_VIEW,
    order=("-number",),
    events=(
        EventAction("imports.exported", N_("Imports exported"), N_("exported rows")),
        EventAction("import.applied", N_("File imported"), N_("imported it"), tone="ok"),
        EventAction("import.refused", N_("Import refused"), N_("refused it"), tone="danger"),
        EventAction("import.cancelled", N_("Import cancelled"), N_("cancelled it")),
        EventAction("import.handed_over", N_("Import handed over"), N_("handed it over")),
        EventAction("import.continued", N_("Import continued")),
    ),
    fields=(
        Field(name="number", label=N_("Import number"), kind=COUNT, column=ImportBatch.id, stated=False, serial=True),
        Field(name="file", label=N_("File"), kind=LINE, column=ImportBatch.file_name, stated=False),
        Field(name="into", label=N_("Into"), kind=TARGETS, column=ImportBatch.resource, stated=False),
        Field(
            name="status",
            label=N_("Status"),
            kind=choice(*choices_of(STATUS_LABELS)),
            column=ImportBatch.status,
            stated=False,
        ),
        Field(name="rows", label=N_("Rows"), kind=COUNT, column=ImportBatch.row_count, stated=False),
        Field(name="created", label=N_("New rows"), kind=COUNT, column=ImportBatch.created_count, stated=False),
        Field(name="updated", label=N_("Changed rows"), kind=COUNT, column=ImportBatch.updated_count, stated=False),
        Field(name="unchanged", label=N_("Same rows"), kind=COUNT, column=ImportBatch.unchanged_count, stated=False),
        Field(name="refused", label=N_("Wrong rows"), kind=COUNT, column=ImportBatch.refused_count, stated=False),
        Field(name="created_at", label=N_("Brought in"), kind=INSTANT, column=ImportBatch.created_at, stated=False),
        Field(name="finished_at", label=N_("Finished"), kind=INSTANT, column=ImportBatch.finished_at, stated=False),
    ),
)
