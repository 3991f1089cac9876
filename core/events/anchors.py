"""Anchors of the audit log: what its hash chain was, written each day outside the database.

Whoever owns the database can rebuild the whole chain, or cut its end off together with the seals. An anchor then shows
it. Anchors are lines of JSON in the data folder, one file for each database, signed with the installation's secret.
Copies of the file elsewhere (mail, another machine) hold also against the owner of the data folder.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from core.clock import now
from core.events.seals import EventSeal, newest_seal
from core.settings import settings, signing_secret

PURPOSE = b"qudao event anchor 1\n"


def anchors_path(url: str = "") -> Path:
    """Return the file of the anchors of a database, of that of the settings without a URL."""
    database = (url or settings().url).rsplit("@", 1)[-1]  # without name and password of the login
    return settings().data_dir / "anchors" / f"events-{hashlib.sha256(database.encode()).hexdigest()[:8]}.jsonl"


def write_daily_anchor(session: Session) -> bool:
    """Write an anchor of the newest seal if there is none of today; return whether one was written."""
    seal = newest_seal(session)
    path = anchors_path()
    if seal is None or (path.exists() and _last_day(path) == f"{now():%Y-%m-%d}"):
        return False
    facts = {"at": now().isoformat(), "seal": seal.id, "last_event_id": seal.last_event_id, "hash": seal.hash}
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(json.dumps({**facts, "signature": _signature(facts)}) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return True


def anchor_faults(session: Session) -> Iterator[str]:
    """Yield each anchor that is not of this installation, or whose seal the database does not hold any more."""
    path = anchors_path()
    if not path.exists():
        return
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        anchor = _read(line)
        if anchor is None:
            yield f"{path.name} line {number}: this anchor was changed, or was signed with another secret"
            continue
        seal = session.get(EventSeal, anchor["seal"])
        if seal is None or seal.hash != anchor["hash"]:
            yield (
                f"{path.name} line {number}: on {anchor['at'][:10]} the audit log held seal {anchor['seal']}, up to"
                f" event {anchor['last_event_id']}; the database does not hold it any more. If an older backup was"
                " restored on purpose, keep this file elsewhere and remove it here."
            )


def are_own(lines: bytes) -> bool:
    """Return whether the secret of this installation has signed all anchors of a file."""
    return all(_read(line) is not None for line in lines.decode("utf-8", "replace").splitlines())


def _read(line: str) -> dict[str, Any] | None:
    """Return what an anchor states, None if it was not signed here."""
    try:
        facts: dict[str, Any] = json.loads(line)
        signature = str(facts.pop("signature"))
    except (ValueError, KeyError, AttributeError):
        return None
    return facts if hmac.compare_digest(signature.encode(), _signature(facts).encode()) else None


def _signature(facts: dict[str, Any]) -> str:
    content = PURPOSE + json.dumps(facts, sort_keys=True).encode()
    return hmac.new(signing_secret().encode(), content, hashlib.sha256).hexdigest()


def _last_day(path: Path) -> str:
    """Return the day (UTC) of the last anchor, "" if its line cannot be read."""
    lines = path.read_text("utf-8").splitlines()
    anchor = _read(lines[-1]) if lines else None
    return str(anchor["at"])[:10] if anchor else ""
