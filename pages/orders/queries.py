"""Reads for the person behind an event, and regions as people read them."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy.orm import Session

from models.regions.resolving import region
from pages.shell.reading import read
from pages.web.identity import current_actor

T = TypeVar("T")
P = ParamSpec("P")

REGIONS_SHOWN = 30


async def look(query: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Read for whoever is behind this event, with the rights of now.

    Raises:
        SignInNeeded: Whoever opened the page may not use it any more.
        DomainError: What ``query`` refuses.
    """
    return await read(await current_actor(), query, *args, **kwargs)


def region_text(code: str | None) -> str:
    """Return a region as people read it, e.g. "浙江省 杭州市 西湖区"; "" for none."""
    found = region(code) if code else None
    return found.full_name if found else code or ""
