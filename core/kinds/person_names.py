"""People's names in place of their e-mail addresses, for actors who may not see addresses."""

from functools import cache
from typing import Any

from sqlalchemy import case, func, select

from core.kinds.kind import Kind
from core.settings import settings


def name_column(kind: Kind, column: Any) -> Any:
    """Return the name of the person whom a column of ``kind`` names by e-mail; another column as it is.

    Names are looked up without a row filter; an e-mail without an account becomes the brand's name.
    """
    person = kind.person
    if person is None:
        return column
    return _name_in_place(person.key, person.title, column, settings().brand_name)


@cache  # one for each column that names a person; making it takes longer than reading a page
def _name_in_place(key: Any, title: Any, column: Any, brand_name: str) -> Any:
    people = key.class_.__table__.alias("people")
    email, name = (people.c[one.key] for one in (key, title))
    found = select(name).where(email == column).scalar_subquery()
    otherwise = case((column.contains("@"), brand_name), else_=column)
    return func.coalesce(found, otherwise)
