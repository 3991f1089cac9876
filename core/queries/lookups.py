"""Rows that references lead to: found by what a person types, or named by their row numbers."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.kinds.kind import Reference


def search_references(session: Session, reference: Reference, text: str, limit: int) -> list[tuple[str, str]]:
    """Return (key, title) of rows whose key or title contains ``text``, by key, as far as the actor may see them."""
    query = select(reference.key, reference.title).order_by(reference.key).limit(limit)
    if text:
        query = query.where(
            or_(reference.key.icontains(text, autoescape=True), reference.title.icontains(text, autoescape=True))
        )
    return [(key, title) for key, title in session.execute(query)]


def titles_of(session: Session, reference: Reference, numbers: Collection[int]) -> dict[int, str]:
    """Return row number → title of those of ``numbers`` that the actor may see."""
    model = reference.key.class_
    rows = session.execute(select(model.id, reference.title).where(model.id.in_(numbers)))
    return {row[0]: row[1] for row in rows}


def has_rows(session: Session, model: Any) -> bool:
    """Return whether a table has a row that the actor may see."""
    return session.scalar(select(model.id).limit(1)) is not None
