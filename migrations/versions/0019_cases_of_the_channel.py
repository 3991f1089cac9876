"""Cases of applications and of changes of upstream: those that wait are open, past decisions are carried over.

What was decided about an application is taken from the audit log, round by round; where it says nothing of it (demo
data), and for changes of upstream, from the row itself. The facts are what was recorded at the time, and for the last
round what the row says.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

CHUNK = 500
CONFIRM, DECIDE = "application.confirm", "application.decide"
APPLICATION_FACTS = (
    "name", "tier", "uscc", "contact", "phone", "email", "region", "address", "note", "licence_sha256", "upstream_id",
    "upstream_word",
)  # fmt: skip
REQUEST_FACTS = (
    "partner_id", "from_upstream_id", "to_upstream_id", "reason", "owner_answer", "upstream_answer", "objection",
)  # fmt: skip
WORDS = {"confirmed": "approved", "on_behalf": "approved", "declined": "declined", "no_answer": "expired"}
ANSWERS = {"agreed": "approved", "declined": "declined", "no_answer": "expired", None: "cancelled"}
DECIDED = {"application.approved": "approved", "application.refused": "rejected", "application.returned": "returned"}


def upgrade() -> None:
    writer = Writer(op.get_bind())
    for row, events in with_events(writer, "applications"):
        write_application(writer, row, events)
    for row, events in with_events(writer, "affiliation_requests"):
        write_request(writer, row, events)
    writer.flush()


def with_events(writer: "Writer", table: str) -> Iterator[tuple[Any, list[Any]]]:
    """Yield each row of a table with its events, oldest first."""
    last = 0
    query = sa.text(f"SELECT * FROM {table} WHERE id > :last ORDER BY id LIMIT :chunk")  # noqa: S608
    log = sa.text(
        "SELECT id, at, actor, person, action, subject_key, data FROM events WHERE subject = :subject"
        " AND subject_key IN :keys ORDER BY id"
    ).bindparams(sa.bindparam("keys", expanding=True))
    while rows := writer.connection.execute(query, {"last": last, "chunk": CHUNK}).mappings().all():
        events: dict[str, list[Any]] = defaultdict(list)
        keys = [row["number"] for row in rows]
        for event in writer.connection.execute(log, {"subject": table, "keys": keys}).mappings():
            events[event["subject_key"]].append(event)
        for row in rows:
            yield row, events[row["number"]]
        last = rows[-1]["id"]


def write_application(writer: "Writer", row: Any, events: Sequence[Any]) -> None:
    """Write one case for each round of an application: from a submission to what ended it."""
    opened_at: Any = None
    decisions: list[tuple[Any, str, str]] = []
    for event in events:
        name = event["action"]
        if name == "application.submitted":
            opened_at, decisions = event["at"], []
        elif name in ("application.confirmed", "application.declined"):
            decisions.append((event, "declined" if name.endswith("declined") else "approved", CONFIRM))
        elif name == "application.returned" and opened_at is not None:
            ended = [*decisions, (event, "returned", DECIDE)]
            facts = {"event": event["id"], **as_json(event["data"])}
            case = writer.case(row, "applications", facts, opened_at, "returned", initiators_of(row))
            for number, (one, state, permission) in enumerate(ended, 1):
                writer.step(case, number, permission, None, state)
                writer.decision(case, number, state, logged(writer, one), facts)
            opened_at, decisions = None, []
    if row["status"] not in ("draft", "returned") or not events_say_returned(events):
        write_last_round(writer, row, events)


def events_say_returned(events: Sequence[Any]) -> bool:
    return any(event["action"] == "application.returned" for event in events)


def write_last_round(writer: "Writer", row: Any, events: Sequence[Any]) -> None:
    """Write the case of the round that the row itself tells of."""
    if row["submitted_at"] is None:
        return
    ends = {"approved": "approved", "refused": "rejected", "returned": "returned", "withdrawn": "withdrawn"}
    if row["status"] not in (*ends, "submitted", "under_review"):
        return
    facts = {"application_version": row["version"]} | {name: row[name] for name in APPLICATION_FACTS}
    status = ends.get(row["status"], "open")
    due_at = row["due_at"] if status == "open" else None
    case = writer.case(row, "applications", facts, row["submitted_at"], status, initiators_of(row), due_at)
    number = 1
    word = row["upstream_word"]
    if word is not None and (row["upstream_at"] or row["submitted_at"]) >= row["submitted_at"]:  # else of another round
        writer.step(case, number, CONFIRM, row["upstream_id"], WORDS[word])
        if row["upstream_by"]:
            said = (row["upstream_by"], "", row["upstream_note"] or "", row["upstream_at"])
            writer.decision(case, number, WORDS[word], writer.named(*said), facts)
        number += 1
    waits_for_upstream = row["status"] == "submitted"
    state = "waiting" if status == "open" else "cancelled" if status == "withdrawn" else status
    writer.step(
        case,
        number,
        CONFIRM if waits_for_upstream else DECIDE,
        row["upstream_id"] if waits_for_upstream else None,
        state,
    )
    last = next((one for one in reversed(events) if DECIDED.get(one["action"]) == status), None)
    if last is not None:
        writer.decision(case, number, status, logged(writer, last), facts)
    elif status in ("approved", "rejected") and row["decided_by"]:
        said = (row["decided_by"], "", row["reason"] or "", row["decided_at"])
        writer.decision(case, number, status, writer.named(*said), facts)


def write_request(writer: "Writer", row: Any, events: Sequence[Any]) -> None:
    """Write the case of a change of upstream, and one more for each approval that failed on its day."""
    facts = {"request_version": row["version"], "valid_from": str(row["valid_from"])}
    facts |= {name: row[name] for name in REQUEST_FACTS}
    actions = [event["action"] for event in events]
    for at, event in enumerate(events):
        if event["action"] == "affiliation.approved" and "affiliation.failed" in actions[at:]:
            case = writer.case(row, "affiliation_requests", facts, event["at"], "approved", [row["asked_by"]])
            writer.step(case, 1, DECIDE, None, "approved")
            writer.decision(case, 1, "approved", logged(writer, event), facts)
    ends = {"approved": "approved", "done": "approved", "refused": "rejected", "withdrawn": "withdrawn"}
    status = ends.get(row["status"], "open")
    due_at = row["due_at"] if status == "open" else None
    case = writer.case(row, "affiliation_requests", facts, row["created_at"], status, [row["asked_by"]], due_at)
    number = write_answers(writer, case, row, facts, is_asked=row["status"] == "asked")
    if row["status"] == "asked" or (status in ("rejected", "withdrawn") and not row["decided_by"]):
        return
    state = "waiting" if status == "open" else "cancelled" if status == "withdrawn" else status
    writer.step(case, number, DECIDE, None, state)
    if row["decided_by"] and status in ("approved", "rejected"):
        said = (row["decided_by"], "", row["decision_note"] or "", row["decided_at"])
        writer.decision(case, number, status, writer.named(*said), facts)


def write_answers(writer: "Writer", case: int, row: Any, facts: dict[str, Any], *, is_asked: bool) -> int:
    """Write the steps of those who were asked and did not ask themselves; return the number of the next step."""
    number = 1
    for role, partner_id in (("owner", row["partner_id"]), ("upstream", row["to_upstream_id"])):
        answer, person = row[f"{role}_answer"], row[f"{role}_by"]
        if partner_id is None or (answer == "agreed" and person == row["asked_by"]):
            continue
        state = "waiting" if is_asked and answer is None else ANSWERS[answer]
        writer.step(case, number, CONFIRM, partner_id, state)
        if person and state in ("approved", "declined"):
            reason = row["decision_note"] or "" if state == "declined" else ""
            writer.decision(case, number, state, writer.named(person, "", reason, row[f"{role}_at"]), facts)
        number += 1
    return number


def initiators_of(row: Any) -> list[str]:
    return [row["email"], row["entered_by"]]


def logged(writer: "Writer", event: Any) -> dict[str, Any]:
    """Return who decided, why and when, as the audit log says it."""
    data = as_json(event["data"])
    reason = data.get("reason") or data.get("note") or ""
    return writer.named(event["person"], event["actor"], reason, event["at"])


def as_json(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(value) if isinstance(value, str) else value
    return found


class Writer:
    """Adds cases, steps and decisions, many at once."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self._case_id = self._last("approval_cases")
        self._users = {
            email.casefold(): (name, role)
            for email, name, role in connection.execute(sa.text("SELECT email, name, role FROM users"))
        }
        self._rows: dict[str, list[dict[str, Any]]] = {
            "approval_cases": [],
            "approval_steps": [],
            "approval_decisions": [],
        }

    def case(
        self,
        row: Any,
        subject: str,
        facts: dict[str, Any],
        opened_at: Any,
        status: str,
        initiators: Sequence[str | None],
        due_at: Any = None,
    ) -> int:
        """Add a case and return its number."""
        self._case_id += 1
        persons = dict.fromkeys(one.casefold() for one in initiators if one)
        self._add(
            "approval_cases",
            {
                "id": self._case_id,
                "subject": subject,
                "key": row["number"],
                "path": row["path"],
                "version": row["version"],
                "flow_version": 1,
                "facts": json.dumps(facts, ensure_ascii=False),
                "digest": digest_of(facts),
                "initiators": "".join(f"\n{one}" for one in persons) + "\n",
                "view_permission": "application.view",
                "opened_at": opened_at,
                "due_at": due_at,
                "status": status,
            },
        )
        return self._case_id

    def step(self, case_id: int, number: int, permission: str, partner_id: int | None, state: str) -> None:
        """Add a step to a case."""
        row = {"case_id": case_id, "number": number, "permission": permission, "partner_id": partner_id, "state": state}
        self._add("approval_steps", row)

    def decision(self, case_id: int, step: int, decision: str, said: dict[str, Any], facts: dict[str, Any]) -> None:
        """Add what was decided in a step."""
        about = {"digest": digest_of(facts), "facts": json.dumps(facts, ensure_ascii=False)}
        self._add("approval_decisions", {"case_id": case_id, "step": step, "decision": decision} | said | about)

    def named(self, person: str, name: str, reason: str, decided_at: Any) -> dict[str, Any]:
        """Return who decided, why and when; names and roles are those of today where nobody wrote them down."""
        known_name, role = self._users.get(person.casefold(), (person, ""))
        return {
            "person": person,
            "name": name or known_name,
            "role": role,
            "reason": reason,
            "decided_at": decided_at,
        }

    def flush(self) -> None:
        """Write what was added, and let new rows continue after the numbers that were given."""
        is_sqlite = self.connection.dialect.name == "sqlite"
        for table, rows in self._rows.items():
            if rows:
                names = list(rows[0])
                values = ", ".join(
                    f"CAST(:{name} AS JSON)" if name == "facts" and not is_sqlite else f":{name}" for name in names
                )
                self.connection.execute(
                    sa.text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values})"),  # noqa: S608
                    rows,
                )
            rows.clear()
        if not is_sqlite:
            self.connection.execute(
                sa.text("SELECT setval(pg_get_serial_sequence('approval_cases', 'id'), :next, false)"),
                {"next": self._case_id + 1},
            )

    def _add(self, table: str, row: dict[str, Any]) -> None:
        self._rows[table].append(row)
        if len(self._rows["approval_cases"]) > CHUNK and table == "approval_cases":
            newest = self._rows[table].pop()
            self.flush()
            self._rows[table].append(newest)

    def _last(self, table: str) -> int:
        return int(self.connection.scalar(sa.text(f"SELECT coalesce(max(id), 0) FROM {table}")) or 0)  # noqa: S608


def digest_of(facts: dict[str, Any]) -> str:
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
