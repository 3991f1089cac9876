"""The lifetime of a page: an event handler ends with the page that it belongs to."""

from asyncio import CancelledError
from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import context

from core.errors import DomainError


@contextmanager
def end_with_page() -> Iterator[None]:
    """Cancel the event handler if its page was closed meanwhile, as a refusal or a result has no reader any more.

    What a service has stored stays. An error that is a bug goes on its way into the log.
    """
    client = context.client
    try:
        yield
    except DomainError as refused:
        if client.is_deleted:
            raise CancelledError from refused
        raise
    if client.is_deleted:
        raise CancelledError
