"""Queries as the current user, and full names of regions."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy.orm import Session

from models.regions.resolving import region
from pages.shell.reading import read
from pages.web.identity import current_actor

T = TypeVar("T")
P = ParamSpec("P")

REGIONS_SHOWN = 30


async def read_as_current_user(query: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a query as the user of the current event, with that user's current rights.

    Raises:
        SignInNeeded: The session of the page has ended.
        DomainError: What ``query`` refuses.
    """
    return await read(await current_actor(), query, *args, **kwargs)


def region_full_name(code: str | None) -> str:
    """Return the full name of a region, e.g. "浙江省 杭州市 西湖区"; "" for none."""
    found = region(code) if code else None
    return found.full_name if found else code or ""
