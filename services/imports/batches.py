"""Batches of imports: their life cycle, progress with every slice of saved rows, and problems."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import delete, func, null, select, update
from sqlalchemy.orm import Session

from core.clock import now
from core.database.bulk import insert_rows
from core.database.retention import Retention
from core.database.sessions import actor_of, has_one_writer
from core.errors import CellProblem, Conflict, InvalidInput, NotFound, Problem
from core.events.log import EventDraft, record
from core.files.contents import NAME_LENGTH_MAX, StoredFile
from core.i18n import N_
from core.jobs.queueing import ask_to_cancel, enqueue
from core.jobs.rows import Job
from core.permissions import GIVES_RIGHTS, Permission
from models.imports import ALL_OR_NOTHING, ImportBatch, ImportProblem, ImportStatus, ImportWorkbook
from services.accounts.sessions import require_reauthentication
from services.imports.rows import OF_ONE_IMPORT, note_rows, purge_rows
from services.jobs.control import stop_job
from services.saving.plans import Saved

WHOLE_ROWS_MAX = 100_000  # SQLite stores them in two to three seconds, and lets nobody else write meanwhile
BYTES_PER_ROW = 100  # of a file; a small sheet in a large workbook is slow to read, too
_SEE: dict[str, Any] = {"see_all": "abandoned imports are purged for all users"}
_SEE_ENDED: dict[str, Any] = {"see_all": "an import ends with its job, whoever stopped the job"}
PROBLEM_COLUMNS = ("batch_id", "row", "field", "value", "code", "message", "values")


def begin_import(session: Session, permission: Permission, **stated: Any) -> ImportBatch:
    """Add an import of a file into a resource.

    Args:
        session: Its actor becomes the owner of the import.
        permission: Needed to edit the resource.
        stated: Columns of ``ImportBatch``.

    Raises:
        NotPermitted: The actor may not edit the resource.
    """
    actor = actor_of(session)
    actor.require(permission)
    batch = ImportBatch(person=actor.owner, **stated)
    session.add(batch)
    session.flush()
    return batch


def unfinished_import(session: Session, **stated: Any) -> ImportBatch | None:
    """Return the person's newest import of a local file whose process died before it ended.

    Args:
        session: That of the person.
        stated: Columns of ``ImportBatch`` as the import was begun with.
    """
    begun = select(ImportBatch).where(ImportBatch.status == ImportStatus.RUNNING, ImportBatch.job_id.is_(None))
    named = begun.where(ImportBatch.resource == stated["resource"], ImportBatch.sha256 == stated["sha256"])
    for batch in session.scalars(named.order_by(ImportBatch.id.desc())):
        if all(getattr(batch, name) == value for name, value in stated.items()):
            return batch
    return None


def keep_file(session: Session, sha256: str, size_bytes: int, name: str) -> StoredFile:
    """Add a file of the session's person whose content is stored already, see ``contents.write_content``."""
    shown = name.replace("\\", "/").rsplit("/", 1)[-1][-NAME_LENGTH_MAX:] or "file"
    row = StoredFile(sha256=sha256, name=shown, size_bytes=size_bytes, person=actor_of(session).owner)
    session.add(row)
    session.flush()
    return row


def confirm_columns(session: Session, permission: Permission, batch_id: int, **stated: Any) -> ImportBatch:
    """Set the column mapping of an import; results of an earlier check are deleted.

    Raises:
        NotPermitted: The actor may not edit the resource.
        NotFound: ``imports.not_found``.
        Conflict: ``imports.begun``.
    """
    batch = _draft(session, permission, batch_id)
    for name, value in stated.items():
        setattr(batch, name, value)
    batch.checked = None
    purge_findings(session, batch_id)
    return batch


def start_check(session: Session, permission: Permission, batch_id: int) -> ImportBatch:
    """Enqueue the check of an import. Raises as ``confirm_columns``."""
    batch = confirm_columns(session, permission, batch_id)
    if batch.job_id is not None:
        _stop_job(session, batch.job_id)
    batch.job_id = enqueue(session, "imports.check", weight=weight_of(session, batch), batch_id=batch_id).id
    return batch


def stop_check(session: Session, permission: Permission, batch_id: int) -> ImportBatch:
    """Stop the check of an import. Raises as ``confirm_columns``."""
    batch = _draft(session, permission, batch_id)
    if batch.job_id is not None:
        _stop_job(session, batch.job_id)
    return batch


def start_import(session: Session, permission: Permission, batch_id: int) -> ImportBatch:
    """Enqueue a checked import; a second call has no effect.

    Raises:
        NotPermitted, NotFound, Conflict: As ``confirm_columns``.
        InvalidInput: ``imports.not_checked``, ``imports.too_many_for_whole``.
        ReauthenticationNeeded: ``access.proof_needed``, of rows that give rights.
    """
    batch = _draft(session, permission, batch_id)
    if permission in GIVES_RIGHTS:
        require_reauthentication(session)
    if batch.checked is None:
        raise InvalidInput("imports.not_checked", N_("Check the rows first, then import them."))
    if batch.mode == ALL_OR_NOTHING:
        require_whole_size(int(batch.checked["rows"]))
    batch.status = ImportStatus.RUNNING
    batch.job_id = enqueue(session, "imports.apply", weight=weight_of(session, batch), batch_id=batch_id).id
    return batch


def require_whole_size(row_count: int) -> None:
    """Refuse more rows than may be saved in one transaction on a database with a single writer.

    Raises:
        InvalidInput: ``imports.too_many_for_whole``.
    """
    if row_count > WHOLE_ROWS_MAX and has_one_writer():
        too_many = N_(
            "All or nothing takes at most {limit} rows with SQLite, because everybody else waits until they are stored."
            " Import the good rows instead, make several files of it, or use PostgreSQL."
        )
        raise InvalidInput("imports.too_many_for_whole", too_many, limit=f"{WHOLE_ROWS_MAX:,}")


def continue_import(session: Session, permission: Permission, batch_id: int) -> ImportBatch:
    """Resume a stopped import after the rows that are done; one whose job was tried again goes on already.

    Raises:
        NotPermitted, NotFound: As ``confirm_columns``.
        Conflict: ``imports.not_stopped``.
    """
    actor_of(session).require(permission)
    if permission in GIVES_RIGHTS:
        require_reauthentication(session)
    batch = get_import(session, batch_id, lock=True)
    job = None if batch.job_id is None else session.get(Job, batch.job_id)
    goes_on = job is not None and job.finished_at is None and not job.cancel_asked
    if batch.status != ImportStatus.CANCELLED or goes_on:
        raise Conflict("imports.not_stopped", N_("This import was not stopped, so it cannot go on."))
    batch.status, batch.finished_at = ImportStatus.RUNNING, None
    record(session, "import.continued", "imports", [EventDraft(str(batch_id))], batch_id=batch_id)
    batch.job_id = enqueue(session, "imports.apply", weight=weight_of(session, batch), batch_id=batch_id).id
    return batch


def stop_import(session: Session, permission: Permission, batch_id: int) -> ImportBatch:
    """Stop an import at the end of the slice it is in; the rows it has saved stay.

    Raises:
        NotPermitted, NotFound: As ``confirm_columns``.
        Conflict: ``jobs.finished``.
    """
    actor_of(session).require(permission)
    batch = get_import(session, batch_id)  # not locked: whoever ends a job locks the job first, then its import
    if batch.status != ImportStatus.RUNNING or batch.job_id is None:
        raise Conflict("jobs.finished", N_("This job has already ended."))
    stop_job(session, batch.job_id)
    return batch


def last_with_headings(session: Session, resource: str, headings_key: str) -> ImportBatch | None:
    """Return the last import that was applied to sheets with these headings: of this person, else of anyone.

    Only how its columns were read may be taken from someone else's import.
    """
    query = select(ImportBatch).where(
        ImportBatch.resource == resource,
        ImportBatch.headings_key == headings_key,
        ImportBatch.headings_key != "",
        ImportBatch.status == ImportStatus.APPLIED,
    )
    newest = query.order_by(ImportBatch.id.desc()).limit(1)
    return session.scalar(newest) or session.scalar(
        newest.execution_options(see_all="how colleagues read sheets with the same headings helps everyone")
    )


def last_imports(session: Session, resource: str, *, limit: int) -> Sequence[ImportBatch]:
    """Return the newest imports of the session's person into a resource."""
    query = select(ImportBatch).where(ImportBatch.resource == resource)
    return session.scalars(query.order_by(ImportBatch.id.desc()).limit(limit)).all()


def get_import(session: Session, batch_id: int, *, lock: bool = False) -> ImportBatch:
    """Return an import of the session's person. Raises ``NotFound``: ``imports.not_found``."""
    query = select(ImportBatch).where(ImportBatch.id == batch_id)
    batch = session.scalar(query.with_for_update() if lock else query)
    if batch is None:
        raise NotFound("imports.not_found", N_("There is no such import."))
    return batch


def visible_imports(session: Session, batch_ids: Collection[int]) -> set[int]:
    """Return which of some imports there are for the session's actor."""
    return set(session.scalars(select(ImportBatch.id).where(ImportBatch.id.in_(batch_ids))))


def resource_of_import(session: Session, batch_id: int) -> str | None:
    """Return the name of the resource an import goes into, without a row filter; None if there is no such import."""
    query = select(ImportBatch.resource).where(ImportBatch.id == batch_id)
    return session.scalar(query.execution_options(see_all="what a job does decides who may stop or repeat it"))


def weight_of(session: Session, batch: ImportBatch) -> int:
    """Return how heavy a job on an import is, see ``enqueue``: rows of its sheet, and bytes to unpack."""
    row_count: int = sum(sheet["rows"] for sheet in batch.sheets if sheet["name"] == batch.sheet)
    file = None if batch.file_id is None else session.get(StoredFile, batch.file_id)
    return max(row_count, 0 if file is None else file.size_bytes // BYTES_PER_ROW)


def record_progress(session: Session, batch_id: int, saved: Saved, rows: Sequence[int], after_row: int) -> ImportBatch:
    """Record the outcome of a slice in the rows' own transaction, so that a stopped import resumes after it.

    Args:
        session: The slice's.
        batch_id: The import.
        saved: Outcome of the slice.
        rows: Numbers of its rows.
        after_row: The last row that is done, as far as the caller knows.

    Raises:
        Conflict: ``imports.runs_elsewhere``: another process has advanced the import meanwhile.
    """
    batch = get_import(session, batch_id, lock=True)
    if batch.last_row != after_row:
        elsewhere = N_("This import is being worked on by another process. Nothing was stored twice.")
        raise Conflict("imports.runs_elsewhere", elsewhere)
    batch.status, batch.finished_at = ImportStatus.RUNNING, None
    batch.row_count += len(rows)
    batch.created_count += saved.created
    batch.updated_count += saved.updated
    batch.unchanged_count += saved.unchanged
    batch.refused_count += len({problem.row for problem in saved.problems})
    batch.last_row = rows[-1] if rows else batch.last_row
    note_problems(session, batch_id, saved.problems)
    note_rows(session, batch_id, rows, saved)
    return batch


def note_problems(session: Session, batch_id: int, problems: Sequence[CellProblem]) -> None:
    """Store problems."""
    rows = [
        (batch_id, one.row, one.field, one.value, one.problem.code, one.problem.message, _texts(one.problem))
        for one in problems
    ]
    insert_rows(session, ImportProblem, PROBLEM_COLUMNS, rows)


def purge_findings(session: Session, batch_id: int) -> None:
    """Delete results of an earlier check and its error workbook; the caller has checked access."""
    for kept in (ImportProblem, ImportWorkbook):
        session.execute(delete(kept).where(kept.batch_id == batch_id), execution_options=OF_ONE_IMPORT)
    purge_rows(session, batch_id)


def _delete_checks(session: Session, batch_ids: Sequence[int]) -> None:
    without_checks = update(ImportBatch).where(ImportBatch.id.in_(batch_ids)).values(checked=null())
    session.execute(without_checks, execution_options=_SEE | {"synchronize_session": False})
    for batch_id in batch_ids:
        purge_findings(session, batch_id)


RETENTION = Retention(
    column=ImportBatch.created_at,
    days=30,
    reason="What a check found that nobody followed; the import stays, and checking again finds it again.",
    conditions=(ImportBatch.status == ImportStatus.DRAFT.value, ImportBatch.checked.is_not(null())),
    remove=_delete_checks,
)


def problems_of(session: Session, batch_id: int, *, limit: int | None = None, offset: int = 0) -> list[CellProblem]:
    """Return problems in row order, from ``offset`` on, at most ``limit``."""
    get_import(session, batch_id)
    query = select(ImportProblem).where(ImportProblem.batch_id == batch_id)
    found = session.scalars(query.order_by(ImportProblem.row, ImportProblem.id).limit(limit).offset(offset))
    return [CellProblem(p.row, p.field, p.value, Problem(p.code, p.message, p.values)) for p in found]


def problem_counts(session: Session, batch_id: int, *, limit: int | None = None) -> list[tuple[str, int]]:
    """Return (field name, number of refused cells) of the fields with most problems, worst first."""
    get_import(session, batch_id)
    count = func.count()
    query = select(ImportProblem.field, count).where(ImportProblem.batch_id == batch_id).group_by(ImportProblem.field)
    found = session.execute(query.order_by(count.desc(), ImportProblem.field).limit(limit))
    return [(name, number) for name, number in found]


def end_by_counts(session: Session, batch_id: int) -> ImportBatch:
    """End an import whose rows are all done: applied, unless every row was refused."""
    batch = get_import(session, batch_id, lock=True)
    saved_count = batch.created_count + batch.updated_count + batch.unchanged_count
    is_applied = saved_count > 0 or batch.refused_count == 0
    return end_import(session, batch_id, ImportStatus.APPLIED if is_applied else ImportStatus.REFUSED)


def refuse_whole(
    session: Session, batch_id: int, row_count: int, refused_count: int, problems: Iterable[Sequence[CellProblem]]
) -> ImportBatch:
    """End an all-or-nothing import with invalid rows: nothing is saved, problems are stored."""
    batch = get_import(session, batch_id, lock=True)
    batch.row_count, batch.refused_count = row_count, refused_count
    for some in problems:
        note_problems(session, batch_id, some)
    return end_import(session, batch_id, ImportStatus.REFUSED)


def end_import(session: Session, batch_id: int, status: ImportStatus) -> ImportBatch:
    """End an import and record it; no effect if it has ended this way already."""
    batch = get_import(session, batch_id, lock=True)
    if batch.finished_at is None or batch.status != status:
        _end(session, batch, status)
    return batch


def end_with_job(session: Session, job: Job) -> None:
    """Cancel the import that a job applied if the job has ended before it, so that its owner can let it go on.

    Args:
        session: Of the transaction that ends the job; anybody's, see ``core.jobs.queueing.OnEnd``.
        job: One that has ended, whatever its last status.
    """
    applied = (ImportBatch.job_id == job.id, ImportBatch.status == ImportStatus.RUNNING.value)
    batch = session.scalar(select(ImportBatch).where(*applied).with_for_update(), execution_options=_SEE_ENDED)
    if batch is not None:
        _end(session, batch, ImportStatus.CANCELLED)


def _end(session: Session, batch: ImportBatch, status: ImportStatus) -> None:
    batch.status, batch.finished_at = status, now()
    counts = {"created": batch.created_count, "updated": batch.updated_count, "refused": batch.refused_count}
    facts = {"resource": batch.resource, "file": batch.file_name, **counts}
    record(session, f"import.{status.value}", "imports", [EventDraft(str(batch.id), data=facts)], batch_id=batch.id)


def _draft(session: Session, permission: Permission, batch_id: int) -> ImportBatch:
    """Return an import that has not begun, locked."""
    actor_of(session).require(permission)
    batch = get_import(session, batch_id, lock=True)
    if batch.status != ImportStatus.DRAFT:
        raise Conflict("imports.begun", N_("This import has already begun, so it cannot be changed any more."))
    return batch


def _stop_job(session: Session, job_id: int) -> None:
    job = session.get(Job, job_id)
    if job is not None and job.finished_at is None:
        ask_to_cancel(session, job_id)


def _texts(problem: Problem) -> dict[str, str]:
    return {name: str(value) for name, value in problem.values.items()}
