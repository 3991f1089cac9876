"""Imports: files, their column mapping, and the outcome of each row."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ColumnElement, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, and_, select
from sqlalchemy.orm import Mapped, mapped_column

from core.access import Actor
from core.clock import now
from core.database.columns import Id, code_text
from core.database.sessions import Base
from core.i18n import N_
from core.kinds.standard import NAME_LENGTH_MAX

GOOD_ROWS, ALL_OR_NOTHING = "good-rows", "all-or-nothing"
"""Modes of an import: whether valid rows are saved if others are not."""


class ImportStatus(StrEnum):
    """Status of an import."""

    DRAFT = "draft"
    RUNNING = "running"
    APPLIED = "applied"
    REFUSED = "refused"
    CANCELLED = "cancelled"


STATUS_LABELS: dict[StrEnum, tuple[str, str]] = {
    ImportStatus.DRAFT: (N_("Not imported yet"), "draft"),
    ImportStatus.RUNNING: (N_("Running"), "progress"),
    ImportStatus.APPLIED: (N_("Imported"), "approved"),
    ImportStatus.REFUSED: (N_("Refused"), "rejected"),
    ImportStatus.CANCELLED: (N_("Cancelled"), "done"),
}


class ImportBatch(Base):
    """An import of one file into one resource.

    Attributes:
        person: Whose import it is, see ``Actor.owner``.
        file_id: The stored file; None if it was read where it lay (command line).
        sha256: Of the file's content.
        kind: What the file is, as ``importers.reading.workbooks.Inspection``; "" if it was never inspected.
        sheets: What an inspection found in each of its sheets, for choosing; see ``importers.runs.drafts``.
        sheet: Name of the sheet; "" for a text file. header_row: 0 = guessed.
        headings: Those of the sheet, in order. headings_key: equal for sheets that have the same ones, "" before.
        mapping: Heading → field name. constants: field name → what every row states.
        match: Field that existing rows are found by; "" for the key.
        mode: ``GOOD_ROWS`` or ``ALL_OR_NOTHING``.
        checked: Counts of the last check, as the report's; None before it.
        last_row: Rows up to this number are dealt with: where a stopped import goes on.
        job_id: The job that checks it, later the one that applies it.
    """

    __tablename__ = "import_batches"
    __table_args__ = (
        Index("ix_import_batches_person", "person", "id"),
        Index("ix_import_batches_headings_key", "resource", "headings_key", "id"),
    )

    id: Mapped[Id]
    resource: Mapped[str] = mapped_column(code_text(40))
    person: Mapped[str] = mapped_column(code_text(NAME_LENGTH_MAX))
    file_id: Mapped[int | None] = mapped_column(ForeignKey("files.id"))
    file_name: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))
    sha256: Mapped[str] = mapped_column(code_text(64))
    kind: Mapped[str] = mapped_column(code_text(10), default="")
    sheets: Mapped[list[Any]] = mapped_column(JSON, default=list)
    sheet: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX), default="")
    header_row: Mapped[int] = mapped_column(default=0)
    headings: Mapped[list[str]] = mapped_column(JSON, default=list)
    headings_key: Mapped[str] = mapped_column(code_text(64), default="")
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    constants: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    match: Mapped[str] = mapped_column(code_text(40), default="")
    mode: Mapped[str] = mapped_column(code_text(20), default=GOOD_ROWS)
    status: Mapped[str] = mapped_column(code_text(20), default=ImportStatus.DRAFT.value)
    checked: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    row_count: Mapped[int] = mapped_column(default=0)
    created_count: Mapped[int] = mapped_column(default=0)
    updated_count: Mapped[int] = mapped_column(default=0)
    unchanged_count: Mapped[int] = mapped_column(default=0)
    refused_count: Mapped[int] = mapped_column(default=0)
    last_row: Mapped[int] = mapped_column(default=0)
    job_id: Mapped[int | None] = mapped_column(ForeignKey("jobs.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime | None]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Row filter: visible to its owner; others find its changes in the audit log."""
        return and_(cls.person == actor.owner, cls.person != "")


class ImportProblem(Base):
    """One refused cell of an import. Attributes as ``core.errors.CellProblem`` and ``Problem``."""

    __tablename__ = "import_problems"
    __table_args__ = (Index("ix_import_problems_batch_id", "batch_id", "row"),)

    id: Mapped[Id]
    batch_id: Mapped[int] = mapped_column(ForeignKey("import_batches.id"))
    row: Mapped[int]
    field: Mapped[str] = mapped_column(code_text(40))
    value: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(code_text(80))
    message: Mapped[str] = mapped_column(Text)
    values: Mapped[dict[str, Any]] = mapped_column(JSON)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Return the condition of the import it belongs to."""
        return _of_visible_import(cls.batch_id, actor)


class ImportSlice(Base):
    """Outcomes of consecutive rows of an import or of its check.

    Attributes:
        first_row, last_row: As the worksheet counts.
        fates: One letter for each row from ``first_row`` on, see ``services.imports.rows``.
        content: Cells and changes of the rows as a check found them; None once they are imported.
    """

    __tablename__ = "import_slices"
    __table_args__ = (UniqueConstraint("batch_id", "first_row"),)

    id: Mapped[Id]
    batch_id: Mapped[int] = mapped_column(ForeignKey("import_batches.id"))
    first_row: Mapped[int]
    last_row: Mapped[int]
    row_count: Mapped[int]
    created_count: Mapped[int]
    updated_count: Mapped[int]
    unchanged_count: Mapped[int]
    refused_count: Mapped[int]
    fates: Mapped[str] = mapped_column(Text)
    content: Mapped[bytes | None] = mapped_column(LargeBinary)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Return the condition of the import it belongs to."""
        return _of_visible_import(cls.batch_id, actor)


class ImportWorkbook(Base):
    """The error workbook of an import, where it is too large to be made in a request.

    Attributes:
        job_id: The job that makes it. file_id: the stored file; None while it is being made.
    """

    __tablename__ = "import_workbooks"
    __table_args__ = (UniqueConstraint("batch_id"),)

    id: Mapped[Id]
    batch_id: Mapped[int] = mapped_column(ForeignKey("import_batches.id"))
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id"))
    file_id: Mapped[int | None] = mapped_column(ForeignKey("files.id"))

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Return the condition of the import it belongs to."""
        return _of_visible_import(cls.batch_id, actor)


def _of_visible_import(batch_id: Any, actor: Actor) -> ColumnElement[bool]:
    found: ColumnElement[bool] = batch_id.in_(select(ImportBatch.id).where(ImportBatch.visible_to(actor)))
    return found
