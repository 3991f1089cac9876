"""Column types that mean the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, String, TypeDecorator
from sqlalchemy.orm import mapped_column


class Instant(TypeDecorator[datetime]):
    """A point in time, stored in UTC, always with its zone in Python."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC. Raises ``ValueError`` for a naive datetime."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"instant without time zone: {value}")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Add the zone, which SQLite cannot store."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def bind_processor(self, dialect: Dialect) -> Any:
        """Convert in one call on SQLite; the default processor makes three for each value."""
        return _as_sqlite_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Convert results in one call on SQLite, too."""
        return _of_sqlite_text if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _as_sqlite_text(value: datetime | None) -> str | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError(f"instant without time zone: {value}")
    return value.astimezone(UTC).isoformat(" ", "microseconds")[:26]  # without "+00:00"


def _of_sqlite_text(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text + "+00:00")


def code_text(length: int) -> Any:
    """Return the type of codes, path keys and keyset columns: compared byte by byte on both databases."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


BIG_ID = BigInteger().with_variant(Integer(), "sqlite")  # SQLite generates keys only for a column of type INTEGER

Id = Annotated[int, mapped_column(BIG_ID, primary_key=True)]
"""Primary key of a row."""
Cents = Annotated[int, mapped_column(BigInteger)]
"""An amount in whole cents (分) of the brand's currency."""
PathKey = Annotated[str, mapped_column(code_text(240))]
"""A place in the channel tree, see ``core.database.paths``."""
