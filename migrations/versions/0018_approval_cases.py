"""Cases, steps and decisions of approvals. Decisions about orders are carried over with their facts.

The table ``approvals`` held decisions about orders only and goes: each of its rows becomes a decision with the same
number, in a case of its own. Orders that wait get an open case.
"""

import hashlib
import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CHUNK = 1_000
GUARDS = {
    "sqlite": (
        "CREATE TRIGGER approval_decisions_no_update BEFORE UPDATE ON approval_decisions BEGIN SELECT RAISE(ABORT, 'approval_decisions are never changed'); END",
        "CREATE TRIGGER approval_decisions_no_delete BEFORE DELETE ON approval_decisions BEGIN SELECT RAISE(ABORT, 'approval_decisions are never deleted'); END",
        "CREATE TRIGGER approval_decisions_no_replace BEFORE INSERT ON approval_decisions WHEN NEW.id IN (SELECT id FROM approval_decisions) BEGIN SELECT RAISE(ABORT, 'approval_decisions are never replaced'); END",
    ),
    "postgresql": (
        "CREATE TRIGGER approval_decisions_no_change BEFORE UPDATE OR DELETE ON approval_decisions FOR EACH ROW EXECUTE FUNCTION refuse_change()",
        "CREATE TRIGGER approval_decisions_no_truncate BEFORE TRUNCATE ON approval_decisions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    ),
}


def upgrade() -> None:
    create_cases()
    create_steps()
    create_decisions()
    connection = op.get_bind()
    carry_decided_orders(connection)
    open_submitted_orders(connection)
    op.drop_index("ix_approvals_order_id", "approvals")
    op.drop_index("ix_approvals_person", "approvals")
    op.drop_table("approvals")
    for guard in GUARDS[connection.dialect.name]:
        connection.exec_driver_sql(guard)
    if connection.dialect.name == "postgresql":
        continue_numbers(connection)
        if connection.scalar(sa.text("SELECT count(*) FROM pg_roles WHERE rolname = 'qudao_app'")):
            op.execute(sa.text("REVOKE UPDATE, DELETE, TRUNCATE ON approval_decisions FROM qudao_app"))


def create_cases() -> None:
    op.create_table(
        "approval_cases",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("subject", code_text(40), nullable=False),
        sa.Column("key", code_text(64), nullable=False),
        sa.Column("path", code_text(240), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("flow_version", sa.BigInteger(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("digest", code_text(64), nullable=False),
        sa.Column("initiators", sa.String(length=1000), nullable=False),
        sa.Column("view_permission", code_text(40), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", code_text(20), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_cases")),
    )
    op.create_index("ix_approval_cases_key", "approval_cases", ["subject", "key", "id"])
    is_open = sa.text("status = 'open'")
    op.create_index(
        "uq_approval_cases_open",
        "approval_cases",
        ["subject", "key"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def create_steps() -> None:
    op.create_table(
        "approval_steps",
        sa.Column("case_id", BIG_ID, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("permission", code_text(40), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=True),
        sa.Column("state", code_text(20), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["approval_cases.id"], name=op.f("fk_approval_steps_case_id")),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_approval_steps")),
        sqlite_with_rowid=False,
    )


def create_decisions() -> None:
    op.create_table(
        "approval_decisions",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("case_id", BIG_ID, nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("decision", code_text(20), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", code_text(20), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", code_text(64), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["approval_cases.id"], name=op.f("fk_approval_decisions_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_decisions")),
    )
    op.create_index("uq_approval_decisions_step", "approval_decisions", ["case_id", "step"], unique=True)
    op.create_index("ix_approval_decisions_person", "approval_decisions", ["person", "id"])


def carry_decided_orders(connection: sa.Connection) -> None:
    """Make each row of ``approvals`` a decision with the same number, with the one step of a closed case around it."""
    query = sa.text(
        "SELECT a.*, o.number, o.placed_by, o.submitted_by, o.submitted_at FROM approvals a"
        " JOIN orders o ON o.id = a.order_id WHERE a.id > :last ORDER BY a.id LIMIT :chunk"
    )
    last = 0
    while rows := connection.execute(query, {"last": last, "chunk": CHUNK}).mappings().all():
        cases = [decided_case(number, row) for number, row in enumerate(rows, next_id(connection))]
        add(connection, "approval_cases", cases)
        add(connection, "approval_steps", [step(case["id"], case["status"]) for case in cases])
        decided = ("id", "decision", "person", "name", "role", "reason", "decided_at")
        add(
            connection,
            "approval_decisions",
            [
                {name: row[name] for name in decided}
                | {name: case[name] for name in ("digest", "facts")}
                | {"case_id": case["id"], "step": 1}
                for row, case in zip(rows, cases, strict=True)
            ],
        )
        last = rows[-1]["id"]


def decided_case(case_id: int, row: Any) -> dict[str, Any]:
    facts = {
        "order_version": row["order_version"],
        "content_sha256": row["content_sha256"],
        "total_cents": row["total_cents"],
        "credit_limit_cents": row["credit_limit_cents"],
        "credit_used_cents": row["credit_used_cents"],
    }
    opened_at = min(row["submitted_at"] or row["decided_at"], row["decided_at"])  # the former is of the last submission
    return order_case(case_id, row, row["order_version"], facts, opened_at, row["decision"])


def open_submitted_orders(connection: sa.Connection) -> None:
    """Open a case for each order that waits."""
    query = sa.text(
        "SELECT o.id, o.number, o.path, o.version, o.content_sha256, o.total_cents, o.placed_by, o.submitted_by,"
        " o.submitted_at, o.updated_at, p.credit_limit_cents, coalesce(b.used_cents, 0) AS used_cents FROM orders o"
        " JOIN partners p ON p.id = o.buyer_id LEFT JOIN credit_balances b ON b.partner_id = o.buyer_id"
        " WHERE o.status = 'submitted' AND o.id > :last ORDER BY o.id LIMIT :chunk"
    )
    last = 0
    while rows := connection.execute(query, {"last": last, "chunk": CHUNK}).mappings().all():
        cases = []
        for number, row in enumerate(rows, next_id(connection)):
            facts = {
                "order_version": row["version"],
                "content_sha256": row["content_sha256"],
                "total_cents": row["total_cents"],
                "credit_limit_cents": row["credit_limit_cents"],
                "credit_used_cents": row["used_cents"],
            }
            opened_at = row["submitted_at"] or row["updated_at"]
            cases.append(order_case(number, row, row["version"], facts, opened_at, "open"))
        add(connection, "approval_cases", cases)
        add(connection, "approval_steps", [step(case["id"], "waiting") for case in cases])
        last = rows[-1]["id"]


def order_case(
    case_id: int, row: Any, version: int, facts: dict[str, Any], opened_at: Any, status: str
) -> dict[str, Any]:
    persons = dict.fromkeys(one.casefold() for one in (row["placed_by"], row["submitted_by"]) if one)
    return {
        "id": case_id,
        "subject": "orders",
        "key": row["number"],
        "path": row["path"],
        "version": version,
        "flow_version": 1,
        "facts": json.dumps(facts, ensure_ascii=False),
        "digest": digest_of(facts),
        "initiators": "".join(f"\n{one}" for one in persons) + "\n",
        "view_permission": "order.view",
        "opened_at": opened_at,
        "due_at": None,
        "status": status,
    }


def step(case_id: int, state: str) -> dict[str, Any]:
    return {"case_id": case_id, "number": 1, "permission": "order.approve", "partner_id": None, "state": state}


def digest_of(facts: dict[str, Any]) -> str:
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


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


def continue_numbers(connection: sa.Connection) -> None:
    """Let new rows continue after the numbers that were given here."""
    for table in ("approval_cases", "approval_decisions"):
        connection.execute(
            sa.text(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), coalesce((SELECT max(id) FROM {table}), 0) + 1,"  # noqa: S608
                " false)"
            )
        )


def code_text(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
