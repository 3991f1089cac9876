"""Consistency check of rows that repeat the path key of the partner they belong to."""

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from models.partners.partners import Partner


def path_check(model: Any, link: Any, name: Any) -> Callable[[Session], Iterator[str]]:
    """Return the check that every row of ``model`` has the path of its partner, or "" without one.

    Args:
        model: Mapped class with ``path``.
        link: Column with the number of the partner, or None.
        name: Column by which a row is named to people; of ``model`` or of the partner.
    """

    def check(session: Session) -> Iterator[str]:
        own = func.coalesce(Partner.path, literal(""))
        query = select(name).select_from(model).outerjoin(Partner, link == Partner.id).where(model.path != own)
        for key in session.scalars(query):
            yield f"{model.__tablename__} {key}: its path is not its partner's"

    return check
