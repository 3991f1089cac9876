"""Each API key has requests and rights of its own.

*Stored answers.* Until now an answer was stored under the person behind the key, so that keys of one maker shared them.
An answer that only one key can have been given goes to that key. Where several keys of the person were in force at the
time, nobody can say whose it was: handing it to each would show one partner the order of another, and forgetting it
would let a program that repeats its request across the upgrade do it twice without a word. So each of these keys gets
a refusal in its place (409, ``idempotency.before_upgrade``): a repetition is told to look first, and a new request
takes a new Idempotency-Key. All of them are forgotten after 30 days, as before.

*Rights.* A key made by an account goes on working if the account is an administrator's or has the key's own role. Any
other key may do more than its maker, and may have been made to do so: it waits until a second person confirms it. Keys
made at the machine itself are the administrator's and go on working.
"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from core.database.columns import code_text

revision = "0011"
down_revision = "0010"

REFUSAL = {
    "code": "idempotency.before_upgrade",
    "message": "此请求在系统升级前发送过，无法判断是否已完成：请先查看结果，若没有，请换一个新的 Idempotency-Key 再发送。 "
    "This request was sent before an upgrade, and whether it was done cannot be told: look whether it is there; if it "
    "is not, send it with a new Idempotency-Key.",
    "fields": {},
}

answers: Any = sa.table(
    "idempotency_keys",
    *map(sa.column, ("id", "scope", "key", "request_sha256", "status", "answer", "created_at")),
)
tokens: Any = sa.table(
    "api_tokens",
    *map(sa.column, ("id", "person", "role", "user_id", "created_at", "expires_at", "revoked_at", "confirmation")),
)
users: Any = sa.table("users", *map(sa.column, ("id", "role")))


def upgrade() -> None:
    """Add who confirms a key, decide which keys need it, and give each stored answer to the key it belongs to."""
    with op.batch_alter_table("api_tokens") as keys:
        keys.add_column(sa.Column("confirmation", code_text(20), nullable=True))
        keys.add_column(sa.Column("confirmed_by", sa.String(length=200), nullable=True))
        keys.add_column(sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
    within = sa.select(users.c.id).where(sa.or_(users.c.role == "administrator", users.c.role == tokens.c.role))
    is_within = sa.or_(tokens.c.user_id.is_(None), tokens.c.user_id.in_(within))
    op.execute(tokens.update().values(confirmation=sa.case((is_within, "not_needed"), else_="needed")))
    with op.batch_alter_table("api_tokens") as keys:
        keys.alter_column("confirmation", existing_type=code_text(20), nullable=False)
    attribute_answers()


def attribute_answers() -> None:
    """Store each answer under the key it was given to, or a refusal under each key it may have been given to."""
    one, any_of_them = tokens.alias("one"), tokens.alias("any_of_them")
    number = sa.literal("key ") + sa.cast(one.c.id, sa.String(20))
    candidates = sa.select(sa.func.count()).where(_in_force(any_of_them)).correlate(answers).scalar_subquery()
    refused = (
        sa.select(
            number,
            answers.c.key,
            answers.c.request_sha256,
            sa.literal(409),
            sa.literal(json.dumps(REFUSAL, ensure_ascii=False)),
            answers.c.created_at,
        )
        .select_from(answers.join(one, _in_force(one)))
        .where(candidates > 1)
    )
    columns = ["scope", "key", "request_sha256", "status", "answer", "created_at"]
    op.execute(answers.insert().from_select(columns, refused))
    own = sa.select(number).where(_in_force(one)).correlate(answers).scalar_subquery()
    op.execute(answers.update().where(candidates == 1).values(scope=own))
    op.execute(answers.delete().where(sa.not_(answers.c.scope.like("key %"))))


def _in_force(key: Any) -> Any:
    """Return the condition that a key is of the person an answer was stored under, and was in force at that time."""
    return sa.and_(
        key.c.person == answers.c.scope,
        key.c.created_at <= answers.c.created_at,
        key.c.expires_at > answers.c.created_at,
        sa.or_(key.c.revoked_at.is_(None), key.c.revoked_at >= answers.c.created_at),
    )
