"""Cases of stores: those that wait are open, past decisions are carried over from the audit log.

The facts of a past decision are what was recorded with it; those of an open case are what the rows say now.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import orjson
import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

CHUNK = 500
FACTS = ("score", "region", "latitude", "longitude", "datum", "accuracy_m", "position_source")
DECIDED = {
    "store.accepted": "approved",
    "store.sent_back": "returned",
    "store.put_back": "returned",
    "store.closed": "rejected",
}


def upgrade() -> None:
    connection = op.get_bind()
    carry_decisions(connection)
    open_waiting(connection)
    if connection.dialect.name == "postgresql":
        next_number = "SELECT setval(pg_get_serial_sequence('approval_cases', 'id'), :next, false)"
        connection.execute(sa.text(next_number), {"next": next_id(connection)})


def carry_decisions(connection: sa.Connection) -> None:
    """Write a closed case for each decision that the audit log has about a store that is there."""
    users = {
        email.casefold(): (name, role)
        for email, name, role in connection.execute(sa.text("SELECT email, name, role FROM users"))
    }
    query = sa.text(
        "SELECT e.id, e.at, e.actor, e.person, e.action, e.data, e.subject_version AS decided_version, s.code, s.path"
        " FROM events e JOIN stores s ON s.code = e.subject_key"
        " WHERE e.subject = 'stores' AND e.action IN :actions AND e.id > :last ORDER BY e.id LIMIT :chunk"
    ).bindparams(sa.bindparam("actions", expanding=True))
    last = 0
    while rows := connection.execute(query, {"actions": list(DECIDED), "last": last, "chunk": CHUNK}).mappings().all():
        cases, decisions = [], []
        for case_id, row in enumerate(rows, next_id(connection)):
            data = as_json(row["data"])
            decision = DECIDED[row["action"]]
            case = case_of(case_id, row, row["decided_version"] or 1, {"event": row["id"], **data}, row["at"], decision)
            cases.append(case)
            name, role = users.get(row["person"].casefold(), (row["person"], ""))
            decisions.append(
                {
                    "case_id": case_id,
                    "step": 1,
                    "decision": decision,
                    "person": row["person"],
                    "name": row["actor"] or name,
                    "role": role,
                    "reason": data.get("note") or "",
                    "decided_at": row["at"],
                    "digest": case["digest"],
                    "facts": case["facts"],
                }
            )
        add(connection, "approval_cases", cases)
        add(connection, "approval_steps", [step(case["id"], case["status"]) for case in cases])
        add(connection, "approval_decisions", decisions)
        last = rows[-1]["id"]


def open_waiting(connection: sa.Connection) -> None:
    """Open a case for each store that waits."""
    query = sa.text(
        f"SELECT id, code, path, version, updated_at, {', '.join(FACTS)} FROM stores"  # noqa: S608
        " WHERE status IN ('applied', 'under_review') AND id > :last ORDER BY id LIMIT :chunk"
    )
    last = 0
    while rows := connection.execute(query, {"last": last, "chunk": CHUNK}).mappings().all():
        ids = [row["id"] for row in rows]
        findings = of_stores(
            connection,
            "SELECT store_id, code, points FROM store_findings WHERE store_id IN :ids AND decision = 'open' ORDER BY id",
            ids,
        )
        photos = of_stores(
            connection, "SELECT store_id, sha256 FROM store_photos WHERE store_id IN :ids ORDER BY id", ids
        )
        cases = []
        for case_id, row in enumerate(rows, next_id(connection)):
            facts = {
                "store_version": row["version"],
                **{name: row[name] for name in FACTS},
                "findings": [{"code": code, "points": points} for code, points in findings[row["id"]]],
                "photos": [sha256 for (sha256,) in photos[row["id"]]],
            }
            cases.append(case_of(case_id, row, row["version"], facts, row["updated_at"], "open"))
        add(connection, "approval_cases", cases)
        add(connection, "approval_steps", [step(case["id"], "waiting") for case in cases])
        last = rows[-1]["id"]


def of_stores(connection: sa.Connection, query: str, ids: Sequence[int]) -> dict[int, list[Any]]:
    """Return store → its rows, without the number of the store."""
    found: dict[int, list[Any]] = defaultdict(list)
    statement = sa.text(query).bindparams(sa.bindparam("ids", expanding=True))
    for store_id, *values in connection.execute(statement, {"ids": ids}):
        found[store_id].append(values)
    return found


def case_of(case_id: int, row: Any, version: int, facts: dict[str, Any], opened_at: Any, status: str) -> dict[str, Any]:
    return {
        "id": case_id,
        "subject": "stores",
        "key": row["code"],
        "path": row["path"],
        "version": version,
        "flow_version": 1,
        "facts": json.dumps(facts, ensure_ascii=False),
        "digest": hashlib.sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).hexdigest(),
        "initiators": "\n",
        "view_permission": "store.view",
        "opened_at": opened_at,
        "due_at": None,
        "status": status,
    }


def step(case_id: int, state: str) -> dict[str, Any]:
    return {"case_id": case_id, "number": 1, "permission": "store.review", "partner_id": None, "state": state}


def as_json(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(value) if isinstance(value, str) else value
    return found


def next_id(connection: sa.Connection) -> int:
    return int(connection.scalar(sa.text("SELECT coalesce(max(id), 0) + 1 FROM approval_cases")) or 1)


def add(connection: sa.Connection, table: str, rows: list[dict[str, Any]]) -> None:
    """Insert rows as they come: instants and JSON in the form in which the database gave them."""
    if rows:
        names = list(rows[0])
        values = ", ".join(f"CAST(:{name} AS JSON)" if name == "facts" else f":{name}" for name in names)
        if connection.dialect.name == "sqlite":
            values = ", ".join(f":{name}" for name in names)
        connection.execute(sa.text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values})"), rows)  # noqa: S608
