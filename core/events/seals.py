"""Hash chain of the audit log: evidence that no sealed event was changed, removed, added in between or moved.

Triggers refuse such changes; the owner of the database can drop triggers, and then only evidence is left. A seal covers
the events of a range of ids and the hash of the seal before it, so each seal stands for the whole log up to it. Format,
version 1, all hashes SHA-256:

* canonical bytes of an event: its columns in the order of ``SEALED_COLUMNS``, each as a length of 4 bytes (big-endian;
  0xFFFFFFFF for NULL, without content) and its text in UTF-8: numbers in decimal, ``at`` in microseconds since
  1970-01-01 UTC, JSON with sorted keys and no white space; of an event of format 1 without the columns that came
  with format 2, which are NULL in it;
* hash of a seal: hash of ``HEADER``, the previous seal's hash (32 bytes; zeros before the first), the ids of the range
  and the number of events (8 bytes each, big-endian), and the hash of each event's canonical bytes.

Events are sealed a moment after they are committed, so that no transaction waits for another's hash. On PostgreSQL ids
are given before transactions end: an id is settled once every transaction that was open when it was seen has ended.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.access import WORKER, Actor
from core.clock import now
from core.database.append_only import append_only
from core.database.columns import BIG_ID, Instant, code_text
from core.database.sessions import EVERYONE, NOBODY, Base, is_sqlite, reading, unit_of_work
from core.events.log import COLUMNS, Event, committed_events
from core.permissions import Permission

HEADER = b"qudao event seal 1"
NO_HASH = "0" * 64
SEALED_COLUMNS = ("id", *COLUMNS)
_FORMAT = SEALED_COLUMNS.index("format")
_FORMAT_1 = (1, *(None for _ in SEALED_COLUMNS[_FORMAT + 1 :]))
"""``format`` and the columns after it, of an event of format 1."""
EVENTS_MAX = 1_000  # per seal: a verification names the first bad event, and a seal stays a few KiB
DIGEST_CHARS = 8  # of each event's hash, kept to name the first event that differs
RECENT_SEALS = 20
PAUSE_S = 1.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SEE_ALL = {"see_all": "the hash chain covers the whole audit log"}


class EventSeal(Base):
    """One link of the chain; added, never changed.

    Attributes:
        id: 1, 2, 3 … without gaps.
        after_event_id, last_event_id: Range of event ids, the first exclusive, the last inclusive.
        event_count: Events in the range; ids may have gaps.
        digests: First ``DIGEST_CHARS`` hexadecimal characters of each event's hash, one after the other.
        previous_hash, hash: Hexadecimal, see the module.
    """

    __tablename__ = "event_seals"

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True, autoincrement=False)
    after_event_id: Mapped[int] = mapped_column(BigInteger)
    last_event_id: Mapped[int] = mapped_column(BigInteger)
    event_count: Mapped[int] = mapped_column(BigInteger)
    digests: Mapped[str] = mapped_column(Text)
    previous_hash: Mapped[str] = mapped_column(code_text(64))
    hash: Mapped[str] = mapped_column(code_text(64))
    sealed_at: Mapped[datetime] = mapped_column(Instant)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Brand staff who read the audit log see its seals."""
        return EVERYONE if actor.is_brand and actor.can(Permission.EVENT_VIEW) else NOBODY


append_only(EventSeal)


def event_hash(row: Sequence[Any]) -> bytes:
    """Return the hash of an event's canonical bytes; ``row`` holds the values of ``SEALED_COLUMNS``."""
    parts = []
    for value in row[:_FORMAT] if tuple(row[_FORMAT:]) == _FORMAT_1 else row:
        if value is None:
            parts.append(b"\xff\xff\xff\xff")
            continue
        content = _canonical_text(value).encode("utf-8", "surrogatepass")
        parts.append(len(content).to_bytes(4, "big") + content)
    return hashlib.sha256(b"".join(parts)).digest()


def seal_hash(previous_hash: str, after_event_id: int, last_event_id: int, hashes: Sequence[bytes]) -> str:
    """Return the hash of a seal over events with these hashes, hexadecimal; see the module for the format."""
    numbers = b"".join(number.to_bytes(8, "big") for number in (after_event_id, last_event_id, len(hashes)))
    return hashlib.sha256(b"".join((HEADER, bytes.fromhex(previous_hash), numbers, *hashes))).hexdigest()


class Sealer:
    """Seals what was committed. Several may run, in one process or in many: who comes second seals nothing."""

    def __init__(self) -> None:
        self._seen: tuple[int, int] | None = None
        """PostgreSQL: an event id, and the number of the first transaction that began after it was seen."""

    def seal(self) -> bool:
        """Seal all settled events, at most ``EVENTS_MAX`` per transaction; return whether unsealed events are left."""
        while True:
            with reading(WORKER) as session:
                seal = self.next_seal(session)
                left = session.scalar(select(func.max(Event.id)).execution_options(**_SEE_ALL)) or 0
            if seal is None:
                return left > _last_sealed()
            if not add_seal(seal):
                return True

    def run(self, stop: threading.Event, after_seal: Callable[[], None]) -> None:
        """Seal soon after each commit of this process, until stopped; then once more.

        Args:
            stop: Set to end.
            after_seal: Called after each round that found something to seal.
        """
        has_more = True
        while not stop.wait(PAUSE_S):
            if has_more or committed_events.is_set():
                committed_events.clear()
                has_more = self.seal()
                after_seal()
        self.seal()

    def next_seal(self, session: Session) -> EventSeal | None:
        """Return the seal over the next settled events, not added yet; None where there are none."""
        last = newest_seal(session)
        after, number = (last.last_event_id, last.id + 1) if last else (0, 1)
        until = self._settled_id(session, after)
        query = _events().where(Event.id > after, Event.id <= until).order_by(Event.id).limit(EVENTS_MAX)
        rows = session.execute(query).all()
        if not rows:
            return None
        hashes, previous_hash, last_id = list(map(event_hash, rows)), last.hash if last else NO_HASH, rows[-1][0]
        return EventSeal(
            id=number,
            after_event_id=after,
            last_event_id=last_id,
            event_count=len(rows),
            digests="".join(map(_digest, hashes)),
            previous_hash=previous_hash,
            hash=seal_hash(previous_hash, after, last_id, hashes),
            sealed_at=now(),
        )

    def _settled_id(self, session: Session, after: int) -> int:
        """Return the highest event id below which no transaction can still add an event."""
        newest = session.scalar(select(func.max(Event.id)).execution_options(**_SEE_ALL)) or 0
        if is_sqlite(session):
            return newest  # one writer at a time: ids are given in the order of commits
        oldest_open, next_number = session.execute(
            text(
                "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,"
                " pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
            )
        ).one()
        settled = after
        if self._seen is not None and oldest_open >= self._seen[1]:
            settled, self._seen = self._seen[0], None
        if self._seen is None and newest > settled:
            self._seen = (newest, next_number)
            if oldest_open >= next_number:  # no transaction is open at all
                settled, self._seen = newest, None
        return settled


def seal_committed_events(tries: int = 20) -> None:
    """Seal, at the end of a command, what this process recorded; what others have open stays for their sealers."""
    sealer = Sealer()
    if committed_events.is_set():
        committed_events.clear()
        pause = threading.Event()
        for _each in range(tries):
            if not sealer.seal():
                return
            pause.wait(0.05)


def newest_seal(session: Session) -> EventSeal | None:
    """Return the last seal; None before the first."""
    return session.scalar(select(EventSeal).order_by(EventSeal.id.desc()).limit(1).execution_options(**_SEE_ALL))


def chain_faults(session: Session) -> Iterator[str]:
    """Yield what is wrong with the sealed part of the audit log: which seal, and the first event that differs."""
    streamed = {**_SEE_ALL, "yield_per": EVENTS_MAX}
    with (
        session.scalars(select(EventSeal).order_by(EventSeal.id), execution_options=streamed) as seals,
        session.execute(_events().order_by(Event.id), execution_options=streamed) as rows,
    ):
        yield from _faults(seals, iter(rows))


def recent_chain_faults(session: Session) -> list[str]:
    """Return what is wrong with the last ``RECENT_SEALS`` seals and their events: quick enough for every start."""
    newest = select(EventSeal).order_by(EventSeal.id.desc()).limit(RECENT_SEALS + 1)
    seals = list(reversed(session.scalars(newest.execution_options(**_SEE_ALL)).all()))
    before = seals.pop(0) if len(seals) > RECENT_SEALS else None
    after = before.last_event_id if before else 0
    rows = session.execute(_events().where(Event.id > after).order_by(Event.id)).all() if seals else []
    return list(_faults(seals, iter(rows), before))


def _faults(seals: Iterable[EventSeal], rows: Iterator[Any], before: EventSeal | None = None) -> Iterator[str]:
    previous_hash, after, number = NO_HASH, 0, 1
    if before is not None:
        previous_hash, after, number = before.hash, before.last_event_id, before.id + 1
    for seal, own in _with_events(seals, rows):
        if seal.id != number or seal.after_event_id != after or seal.previous_hash != previous_hash:
            yield f"seal {seal.id}: it does not follow the seal before it (seal {number}, after event {after})"
        hashes = list(map(event_hash, own))
        recomputed = seal_hash(seal.previous_hash, seal.after_event_id, seal.last_event_id, hashes)
        if recomputed != seal.hash or seal.digests != "".join(map(_digest, hashes)):
            yield f"seal {seal.id}: {_first_difference(seal, own, hashes)}"
        previous_hash, after, number = seal.hash, seal.last_event_id, seal.id + 1


def add_seal(seal: EventSeal) -> bool:
    """Add a seal if it still follows the newest; return whether it was added."""
    try:
        with unit_of_work(WORKER) as session:
            last = newest_seal(session)
            if (last.hash if last else NO_HASH) != seal.previous_hash:
                return False
            session.add(seal)
    except IntegrityError:  # another process was faster
        return False
    return True


def _last_sealed() -> int:
    with reading(WORKER) as session:
        last = newest_seal(session)
        return last.last_event_id if last else 0


def _events() -> Any:
    columns = [getattr(Event, name) for name in SEALED_COLUMNS]
    return select(*columns).execution_options(**_SEE_ALL)


def _with_events(seals: Iterable[EventSeal], rows: Iterator[Any]) -> Iterator[tuple[EventSeal, list[Any]]]:
    """Yield each seal with the events up to its last one; both come in order of their ids."""
    row = next(rows, None)
    for seal in seals:
        own = []
        while row is not None and row[0] <= seal.last_event_id:
            own.append(row)
            row = next(rows, None)
        yield seal, own


def _first_difference(seal: EventSeal, rows: Sequence[Any], hashes: Sequence[bytes]) -> str:
    stored = [seal.digests[start : start + DIGEST_CHARS] for start in range(0, len(seal.digests), DIGEST_CHARS)]
    found = list(map(_digest, hashes))
    for position, (expected, digest) in enumerate(zip(stored, found, strict=False)):
        if expected != digest:
            before = f"after event {rows[position - 1][0]}" if position else f"after event {seal.after_event_id}"
            return f"the log differs {before}: an event was changed, removed or added there"
    if len(found) < len(stored):
        return f"{len(stored) - len(found)} events are missing up to event {seal.last_event_id}"
    return "the seal itself was changed"


def _digest(event_hash_: bytes) -> str:
    return event_hash_.hex()[:DIGEST_CHARS]


def _canonical_text(value: Any) -> str:
    if isinstance(value, datetime):
        return str((value - _EPOCH) // timedelta(microseconds=1))
    if isinstance(value, str | int):
        return str(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
