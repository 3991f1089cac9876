"""Login throttling: makes guessing hopeless, and lets no attacker lock a user out.

An attempt is counted before it is tried, in a transaction of its own, so that attempts at the same moment count too;
a success takes the count back.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from core.clock import now
from core.database.bulk import insert_rows
from core.database.retention import Retention
from core.errors import DomainError
from core.i18n import N_
from models.accounts.sessions import AttemptCount

FREE = 5
PAUSE_MAX_S = 900
FAILURES_MAX = 100  # in a row; then only a reset, or a success from a known device, allows attempts again
PER_ADDRESS = 10  # sign-ins that failed or are being tried
VISITORS_PER_ADDRESS = 60  # anonymous requests and pictures: a whole trade fair may share one address
ADDRESS_WINDOW = timedelta(minutes=1)
NEVER = timedelta(days=36_500)

RETENTION = Retention(
    column=AttemptCount.last_at,
    days=2,
    reason="Counts that nobody added to lately say nothing; those that shut an account until a reset stay.",
    conditions=(AttemptCount.count < FAILURES_MAX,),
)
_SEE = {"see_all": "attempts are counted before the user is authenticated"}


class TooManyAttempts(DomainError):
    """The attempt is refused without being tried. The sentence is the same whether the account exists or not."""

    status = 429


def count_attempt(session: Session, subject: str) -> None:
    """Count one more failure of ``subject`` in advance; ``purge_attempts`` undoes it after a success.

    Raises:
        TooManyAttempts: ``sign_in.wait``; then nothing was counted.
    """
    row = _row_of(session, subject)
    if now() < row.next_at:
        raise _wait(row.next_at)
    row.count, row.last_at = row.count + 1, now()
    row.next_at = now() + pause_after(row.count)


def count_from_address(session: Session, address: str, attempts_max: int = PER_ADDRESS) -> None:
    """Count one attempt from a network address in advance; ``uncount_from_address`` undoes it after a success.

    Raises:
        TooManyAttempts: ``sign_in.wait`` from the ``attempts_max`` + 1st within ``ADDRESS_WINDOW``.
    """
    row = _row_of(session, f"address:{address}")
    if now() >= row.since + ADDRESS_WINDOW:
        row.since, row.count = now(), 0
    if row.count >= attempts_max:
        raise _wait(row.since + ADDRESS_WINDOW)
    row.count, row.last_at = row.count + 1, now()


def uncount_from_address(session: Session, address: str) -> None:
    """Undo one ``count_from_address``: right passwords must not lock out an office behind one address."""
    counted = (
        AttemptCount.subject == f"address:{address}",
        AttemptCount.since > now() - ADDRESS_WINDOW,
        AttemptCount.count > 0,
    )
    back = update(AttemptCount).where(*counted).values(count=AttemptCount.count - 1)
    session.execute(back.execution_options(**_SEE, synchronize_session=False))


def purge_attempts(session: Session, *subjects: str) -> None:
    """Delete the count of a subject."""
    gone = delete(AttemptCount).where(AttemptCount.subject.in_(subjects))
    session.execute(gone.execution_options(**_SEE, synchronize_session=False))


def pause_after(failures: int) -> timedelta:
    """Return the pause after so many failures in a row: none, then 1, 2, 4 … ``PAUSE_MAX_S`` seconds."""
    if failures >= FAILURES_MAX:
        return NEVER
    if failures < FREE:
        return timedelta(0)
    return timedelta(seconds=min(2 ** min(failures - FREE, 10), PAUSE_MAX_S))


def _row_of(session: Session, subject: str) -> AttemptCount:
    """Return the row of a subject, locked until the end of the transaction; made if there is none."""
    query = select(AttemptCount).where(AttemptCount.subject == subject).with_for_update().execution_options(**_SEE)
    row = session.scalar(query)
    if row is None:
        columns = ("subject", "count", "since", "last_at", "next_at")
        insert_rows(session, AttemptCount, columns, [(subject, 0, now(), now(), now())])
        row = session.scalars(query).one()
    return row


def _wait(until: datetime) -> TooManyAttempts:
    seconds = max(1, round((until - now()).total_seconds() + 0.5))
    if seconds > PAUSE_MAX_S:
        return TooManyAttempts(
            "sign_in.stopped", N_("Too many failed attempts. Ask your administrator to reset the password.")
        )
    return TooManyAttempts(
        "sign_in.wait", N_("Too many attempts. Please wait {seconds} s and try again."), seconds=seconds
    )
