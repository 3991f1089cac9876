"""Maintenance of an installation: opening its database, actors of commands, migration, ``doctor`` and settings."""

import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import fields
from datetime import UTC
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import ProgrammingError, SQLAlchemyError
from sqlalchemy.orm import Session

import models  # noqa: F401  (maps every table)
from core.access import Actor, command_line
from core.clock import now
from core.database.sessions import reading, unit_of_work
from core.errors import DomainError, InvalidInput, NotPermitted
from core.events.seals import recent_chain_faults
from core.i18n import N_, _, set_language
from core.jobs.clock_guard import clock_doubt
from core.schema import versions
from core.schema.opening import connect_to
from core.schema.relocation import require_in_place
from core.schema.shape import schema_faults
from core.settings import ROOT, SECRET_NAMES, Settings, explicit_settings, settings, signing_secret
from models.accounts.tokens import Confirmation
from services.accounts.administration import actor_of_email
from services.accounts.denials import note_refusal
from services.accounts.links import create_first_administrator, password_link
from services.accounts.token_rights import keys_above_makers
from services.installation._backup_findings import backup_findings, newest_backup_age_h
from services.installation._setting_findings import setting_findings, storage_facts, storage_findings

REFERENCE = ROOT / "data" / "reference.db"


def open_database(*, reads: bool = False) -> Engine:
    """Connect to the database of the settings; an empty one gets its tables, an other release's is refused.

    The first command that finds no user makes the administrator of ``QUDAO_ADMIN_EMAIL``.

    Args:
        reads: Whether it is only read: then the old place of a move is as good.

    Raises:
        InvalidInput: ``database.unreachable``, ``users.password_too_short`` or a wrong setting.
        Conflict: As ``core.schema.versions.require_current``.
    """
    engine = connect_to(settings())
    with _mode_text():
        versions.require_current(engine, reads=reads)
    _first_administrator()
    return engine


def bring_up_to_date(*, restores_guards: bool = False) -> dict[str, Any]:
    """Connect, back an older database up, and migrate it.

    Args:
        restores_guards: Whether removed triggers are restored; else the database is refused.

    Returns:
        ``revision``: current migration; ``backup``: path of the backup that was made, or None; ``restored``:
        restored triggers.

    Raises:
        InvalidInput: ``database.unreachable``.
        Conflict: ``database.newer_schema``, ``database.guards_missing``; others as ``require_in_place``.
    """
    engine = connect_to(settings())
    with _mode_text():
        require_in_place(engine)
        state = versions.schema_state(engine)
        versions.refuse_newer(state)
        backup = _back_up(engine) if state == "older" else None
        if state != "current":
            versions.migrate(engine)
        restored = versions.restore_guards(engine) if restores_guards else []
        versions.require_guards(engine)
    _first_administrator()
    return {"revision": versions.newest_revision(), "backup": backup and str(backup), "restored": restored}


@contextmanager
def acting(email: str = "") -> Iterator[Session]:
    """Open the database and a unit of work for a person, or for the operator of this machine if ``email`` is "".

    Raises:
        NotFound: ``users.not_found``. Others as ``open_database``.
    """
    open_database()
    actor = actor_named(email)
    try:
        with unit_of_work(actor) as session:
            yield session
    except NotPermitted as refused:
        note_refusal(actor, refused, "command line")
        raise


def password_address(session: Session, email: str) -> str:
    """Return ``password_link`` as an absolute URL. Raises as it does."""
    return settings().address + password_link(session, email)


def actor_named(email: str = "") -> Actor:
    """Return the actor of the operator, or of a user.

    Raises:
        NotFound: ``users.not_found``, also for one who is locked.
    """
    if not email:
        return command_line()
    with reading(command_line()) as session:
        actor = actor_of_email(session, email, source="command line")
    set_language(actor.language)
    return actor


def settings_facts() -> dict[str, dict[str, str]]:
    """Return each setting's value as text, secrets masked, and where it was stated."""
    stated = explicit_settings(os.environ)
    facts = {}
    for one in fields(Settings):
        value, origin = stated.get(one.name, (getattr(settings(), one.name), "default"))
        shown = ", ".join(sorted(value)) if isinstance(value, frozenset) else str(value)
        facts[one.name] = {"value": "••••" if shown and one.name in SECRET_NAMES else shown, "from": origin}
    return facts


def diagnose() -> dict[str, Any]:
    """Diagnose the installation.

    Returns:
        ``ok``: whether no finding is an error; ``findings``: ``level`` ("ok", "warning" or "error"), ``name`` and
        ``detail`` of each; ``backup_age_h``: age of the newest scheduled backup in hours, None without one;
        ``disk_free_mib`` and ``writable``: as ``storage_facts``.
    """
    findings: list[dict[str, str]] = []

    def find(level: str, name: str, detail: str) -> None:
        findings.append({"level": level, "name": name, "detail": detail})

    find("ok", "python", sys.version.split()[0])
    _diagnose_database(find)
    for one in (*storage_findings(), *setting_findings()):
        find(one.level, one.name, one.detail)
    if settings().secret or (settings().data_dir / "secret").exists():
        signing_secret()
        find("ok", "secret", _("is set"))
    else:
        find("warning", "secret", _("is made at the first start"))
    if REFERENCE.exists():
        find("ok", "reference data", _("regions are there"))
    else:
        find("error", "reference data", _("data/reference.db is missing: take it from the release again"))
    proxies = ", ".join(sorted(settings().trusted_proxies))
    find("ok", "trusted proxies", proxies or _("none: each connection counts under its own address"))
    if not settings().is_https:
        find(
            "warning", "address", _("people reach this over plain http: positions and the clipboard do not work there")
        )
    is_ok = all(one["level"] != "error" for one in findings)
    return {"ok": is_ok, "backup_age_h": newest_backup_age_h(), **storage_facts(), "findings": findings}


def _diagnose_database(find: Any) -> None:
    try:
        engine = connect_to(settings())
        require_in_place(engine)
        state = versions.schema_state(engine)
    except (DomainError, SQLAlchemyError) as error:
        find("error", "database", error.text if isinstance(error, DomainError) else str(error))
        return
    find("ok", "database", engine.dialect.name)
    levels = {"current": "ok", "empty": "warning"}  # any command brings an empty one up to date
    find(levels.get(state, "error"), "schema", f"{state} ({versions.newest_revision()})")
    if state == "current":
        _diagnose_clock(find)
        for fault in schema_faults(engine):
            find("error", "schema", fault)
        with reading(command_line()) as session:
            for fault in recent_chain_faults(session):
                find("error", "audit log", fault)
        _diagnose_keys(find)
        for one in backup_findings():
            find(one.level, one.name, one.detail)
    if not versions.has_application_role(engine):
        find(
            "warning",
            "database role",
            _("this login may not create the role qudao_app: the audit trail is guarded by triggers only"),
        )


def _diagnose_clock(find: Any) -> None:
    with reading(command_line()) as session:
        doubt = clock_doubt(session)
    if doubt is None:
        find("ok", "clock", now().isoformat(timespec="seconds"))
        return
    sentence = _(
        "it said {clock}, the database was last used at {seen}: what acts on dates waits for “jobs confirm-clock”",
        clock=doubt.doubted_at.isoformat(timespec="seconds"),
        seen=doubt.seen_at.isoformat(timespec="seconds"),
    )
    find("error", "clock", sentence)


def _diagnose_keys(find: Any) -> None:
    """Report the API keys whose role exceeds their makers' rights."""
    sentences = {
        Confirmation.NEEDED: N_("wait for a second person, see /tokens, and cannot be used before: {keys}"),
        Confirmation.NOT_NEEDED: N_("hold less than their role, as who made them may do less now: {keys}"),
        Confirmation.CONFIRMED: N_("may do more than who made them, confirmed by a second person: {keys}"),
    }
    with reading(command_line()) as session:
        above = keys_above_makers(session)
    for confirmation, prefixes in sorted(above.items()):
        level = "ok" if confirmation is Confirmation.CONFIRMED else "warning"
        find(level, "api keys", _(sentences[confirmation], keys=", ".join(prefixes)))


@contextmanager
def _mode_text() -> Iterator[None]:
    """Translate missing rights in PostgreSQL into an expected error. Raises ``InvalidInput``: ``database.no_right``."""
    try:
        yield
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != "42501":
            raise
        message = N_("The login of the database may not do this ({reason}). It needs CREATE on the schema public.")
        raise InvalidInput("database.no_right", message, reason=str(error.orig).strip().splitlines()[0]) from error


def _first_administrator() -> None:
    """Create the administrator of the settings, if there is no account yet."""
    if settings().admin_email:
        with unit_of_work(command_line()) as session:
            create_first_administrator(session)


def _back_up(engine: Engine) -> Path | None:
    """Copy a SQLite database as it is now; a PostgreSQL database is backed up by its operator."""
    if engine.dialect.name != "sqlite" or engine.url.database is None:
        return None
    folder = settings().data_dir / "backups"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"before-{versions.newest_revision()}-{now().astimezone(UTC):%Y%m%dT%H%M%SZ}.db"
    with closing(sqlite3.connect(engine.url.database)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    return target
