"""Service calls of applicants without an account: authorised by a secret link, rate-limited by address."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from nicegui import context
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from core.access import Actor
from core.database.sessions import reading, transact
from core.errors import DomainError
from core.i18n import current_language, set_language
from core.throttling.networks import counted_source
from pages.shell.calls import show_refusal
from pages.shell.page_lifetime import end_with_page
from pages.web.identity import actor_of_request, language_of
from services.accounts.attempts import VISITORS_PER_ADDRESS, count_from_address
from services.applications.applicant import number_held
from services.applications.states import reception

T = TypeVar("T")
P = ParamSpec("P")


def use_visitor_language() -> None:
    """Set the language to that of the current user, with or without an account."""
    request = context.client.request
    actor = actor_of_request(request)
    set_language(language_of(request, actor.language if actor else current_language()))


def applicant(name: str = "") -> Actor:
    """Return the actor for an anonymous user of this page, and set their language."""
    use_visitor_language()
    return reception(name, current_language())


def count_visit(session: Session, address: str) -> None:
    """Count one more request of an anonymous user. Raises ``TooManyAttempts`` for too many of them in a minute."""
    count_from_address(session, f"{counted_source(address)}#apply", VISITORS_PER_ADDRESS)


async def count_request() -> bool:
    """Count one more request of this user; return False, with a message, when there were too many."""
    client = context.client.request.client
    address = client.host if client else ""
    try:
        with end_with_page():
            await run_in_threadpool(transact, applicant(), lambda session: count_visit(session, address))
    except DomainError as refused:
        show_refusal(refused)
        return False
    return True


async def run_as_applicant(
    token: str, service: Callable[Concatenate[Session, str, P], T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run a service on the application whose link the user holds; the link is checked anew each time.

    Raises:
        NotFound: ``applications.link_not_valid``.
        DomainError: What the service refuses.
    """

    def work(session: Session) -> T:
        return service(session, number_held(session, token), *args, **kwargs)

    with end_with_page():
        return await run_in_threadpool(transact, applicant(), work)


async def read_as_applicant(query: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a query as an anonymous user."""
    actor = applicant()

    def work() -> T:
        with reading(actor) as session:
            return query(session, *args, **kwargs)

    return await run_in_threadpool(work)
