"""Move of an installation's database to another one; resumable, and never two places that take changes."""

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace as changed
from datetime import UTC
from typing import NamedTuple

import psycopg
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from core.access import Actor
from core.clock import now
from core.database.sessions import connect, unit_of_work
from core.errors import Conflict, InvalidInput
from core.events.anchors import anchors_path
from core.events.log import EventDraft, record
from core.i18n import N_
from core.permissions import Permission
from core.schema import versions
from core.schema.relocation import (
    ARRIVED,
    LEAVING,
    LEFT,
    Relocation,
    freeze,
    mark,
    place_name,
    refusal,
    relocation_of,
    thaw,
)
from core.setting_rules import require_valid
from core.settings import Settings, settings
from core.transfer.copying import (
    TableDiffers,
    copied_tables,
    copy_tables,
    end_copy,
    finish_copy,
    forget_copy,
)
from core.transfer.loading import BrokenReference
from core.transfer.reading import TableFacts, snapshot, without_time_limit
from services.backups.move_places import NewPlace, new_place, nothing_there, old_place


class Moved(NamedTuple):
    """What became of a move.

    Attributes:
        tables: Facts of each table, equal in both places.
        skipped: Tables that an earlier attempt had completed.
        place: Where the data are now, without a login.
    """

    tables: dict[str, TableFacts]
    skipped: list[str]
    place: str


def move_database(actor: Actor, url: str, *, replace: str = "") -> Moved:
    """Move the data of the installation to another database. Stored files stay where they are.

    The old place takes no changes from the first moment on. A move that was stopped goes on when it is called again.

    Args:
        actor: On whose behalf.
        url: Of the new place, as the setting ``database_url``.
        replace: Name of the installation, to replace data that are there; they are kept in the folder of backups.

    Raises:
        NotPermitted: The actor may not operate the installation.
        Conflict: ``moves.same_place``, ``moves.in_use``, ``moves.target_not_empty``, ``moves.table_differs``,
            ``database.moved``, ``database.half_moved``, or as ``core.schema.versions.require_current``.
        InvalidInput: ``moves.no_address``, ``moves.nothing_there``, ``moves.no_right``, ``moves.stopped``,
            ``database.unreachable``, ``settings.invalid``, ``settings.folder_unusable``.
    """
    actor.require(Permission.SYSTEM_OPERATE)
    stated = _settings_of(url)
    with old_place() as (engine, old):
        found = _require_source(engine, old)
        with new_place(stated, old) as new:
            resumes = _resumes(found, new)
            if found is not None and found.state == LEFT and not resumes:
                raise refusal(found)
            if new.has_other_data(resumes=resumes):
                _require_name(replace, stated)
                new.keep()
            with _stops():
                own = found if found is not None and resumes else _freeze(old, found, stated)
                if not resumes:
                    new.begin(own._replace(place=place_name(settings().url)))
                tables, skipped = _copied(engine, new, stated)
                new.publish()
                _leave(old, own)
                _arrive(actor, new, stated, tables)
    return Moved(tables, skipped, own.place)


def cancel_move(actor: Actor) -> None:
    """Give an unfinished move up: the old place takes changes again, and what is in the new one is worthless.

    Raises:
        NotPermitted: The actor may not operate the installation.
        Conflict: ``moves.none``, ``database.moved``, ``moves.in_use``.
        InvalidInput: As ``old_place``.
    """
    actor.require(Permission.SYSTEM_OPERATE)
    with old_place() as (_engine, old), old.begin():
        found = relocation_of(old)
        if found is None:
            raise Conflict("moves.none", N_("No move from this database is under way."))
        if found.state != LEAVING:
            raise refusal(found)
        thaw(old)


def _settings_of(url: str) -> Settings:
    """Return the settings after the move."""
    stated = changed(settings(), database_url=url)
    try:
        name = place_name(stated.url)
    except (ValueError, ArgumentError) as error:
        raise _no_address() from error
    require_valid(stated)
    if not url or name.endswith("/") or name in {"", ":memory:"}:
        raise _no_address()
    return stated


def _no_address() -> InvalidInput:
    message = N_(
        "This is no address of a database. Write postgresql://user:password@host/name, or sqlite:/// and the path of a"
        " file."
    )
    return InvalidInput("moves.no_address", message)


def _require_source(engine: Engine, old: Connection) -> Relocation | None:
    """Return the mark of the old place, after it was found to be one."""
    with old.begin():
        found = relocation_of(old)
    if versions.schema_state(engine) == "empty":
        raise nothing_there()
    if found is None or found.state in {LEAVING, LEFT}:
        versions.require_current(engine, reads=True)
        return found
    raise refusal(found)


def _resumes(found: Relocation | None, new: NewPlace) -> bool:
    return found is not None and new.mark is not None and found.id == new.mark.id and new.is_of_this_release()


def _require_name(replace: str, stated: Settings) -> None:
    name = settings().brand_name
    if replace != name:
        message = N_(
            "There are data in {place} already. Name an empty database or, to replace them, say the installation's"
            " name: --replace “{name}”. What is there now is kept in the folder of backups."
        )
        raise Conflict("moves.target_not_empty", message, place=place_name(stated.url), name=name)


def _freeze(old: Connection, found: Relocation | None, stated: Settings) -> Relocation:
    """Let the old place take no changes, if it still does, and return its mark."""
    place = place_name(stated.url)
    if found is not None and found.place == place:
        return found
    own = Relocation(secrets.token_hex(8), LEAVING, place, _instant())
    with old.begin():
        without_time_limit(old)
        if found is not None:
            thaw(old)
        freeze(old, own)
    return own


def _copied(engine: Engine, new: NewPlace, stated: Settings) -> tuple[dict[str, TableFacts], list[str]]:
    """Copy what is not there yet, with the anchors of the audit log, and compare."""
    with new.connection() as target:
        with target.begin():
            complete, found = copied_tables(target), relocation_of(target)
        if found is not None and found.state == ARRIVED:
            return complete, sorted(complete)
        try:
            with snapshot(engine) as source:
                tables, skipped = copy_tables(source, target)
            finish_copy(target, tables)
        except TableDiffers as error:
            forget_copy(target)
            message = N_(
                "The table {table} in the new place is not equal to that of the old one, so the move stopped. Run it"
                " again: it begins from the start."
            )
            raise Conflict("moves.table_differs", message, table=error.args[0]) from error
        _copy_anchors(stated)
    return tables, skipped


def _copy_anchors(stated: Settings) -> None:
    """Let the anchors of the audit log follow the data; others that are there under the new name are kept beside."""
    old, new = anchors_path(), anchors_path(stated.url)
    content = old.read_bytes() if old.exists() else b""
    if new.exists():
        if not content.startswith(new.read_bytes()):
            new.replace(new.with_name(f"{new.stem}-before-{now():%Y%m%dT%H%M%SZ}.jsonl"))
        else:
            new.unlink()
    if content:
        partial = new.with_suffix(".partial")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(new)


def _leave(old: Connection, own: Relocation) -> None:
    with old.begin():
        mark(old, own._replace(state=LEFT, at=_instant()))


def _arrive(actor: Actor, new: NewPlace, stated: Settings, tables: dict[str, TableFacts]) -> None:
    """Open the new place for use. From here on it is the engine in use."""
    connect(stated.url)
    with unit_of_work(actor) as session:
        facts = {"rows": sum(one.rows for one in tables.values()), "from": place_name(settings().url)}
        record(session, "move.completed", "moves", [EventDraft(place_name(stated.url)[:250], data=facts)])
    with new.connection() as target:
        end_copy(target)


def _instant() -> str:
    return f"{now().astimezone(UTC):%Y-%m-%d %H:%M} UTC"


@contextmanager
def _stops() -> Iterator[None]:
    """Translate what stops a move half way. Raises ``InvalidInput``: ``moves.stopped``."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, psycopg.Error, BrokenReference, OSError) as error:
        message = N_(
            "The move stopped: {reason}. Nothing is lost: all data are in the old place, which takes no changes until"
            " the move is complete. Run it again, or give it up with “python app.py move --cancel”."
        )
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0].rstrip(".")
        raise InvalidInput("moves.stopped", message, reason=reason) from error
