"""Submission of an application form: anonymously through its link, or in the name of signed-in staff."""

from collections.abc import Callable, Mapping
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy.orm import Session

from pages.apply.visitor import count_request, read_as_applicant, run_as_applicant
from pages.shell.calls import call_or_raise, permitted_actor
from pages.shell.reading import read
from pages.web.identity import current_actor
from services.applications.applicant import begin_application

T = TypeVar("T")
P = ParamSpec("P")
OnOne = Callable[Concatenate[Session, str, P], T]


class SubmissionChannel(Protocol):
    """Stores and submits the form of one application."""

    is_staff: bool

    @property
    def has_begun(self) -> bool:
        """Whether there is an application already."""

    @property
    def path(self) -> str:
        """Address at which the application is found again."""

    @property
    def licence_path(self) -> str:
        """Address of the picture of its licence."""

    async def may_ask(self) -> bool:
        """Return whether another request is allowed; show why not otherwise."""

    async def begin(self, stated: Mapping[str, str]) -> bool:
        """Begin the application unless there is one; return whether it has begun now. Raises ``DomainError``."""

    async def run(self, service: "OnOne[P, T]", *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a service on the application. Raises ``DomainError``."""

    async def look(self, query: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what ``query`` reads. Raises ``DomainError``."""


class ApplicantChannel:
    """Channel of an applicant without an account; ``token`` is the secret of their link. It has begun already."""

    is_staff = False
    has_begun = True

    def __init__(self, token: str) -> None:
        self.token = token

    @property
    def path(self) -> str:
        """See ``SubmissionChannel``."""
        return f"/apply/{self.token}"

    @property
    def licence_path(self) -> str:
        """See ``SubmissionChannel``."""
        return f"/apply/{self.token}/licence"

    async def may_ask(self) -> bool:
        """See ``SubmissionChannel``."""
        return await count_request()

    async def begin(self, stated: Mapping[str, str]) -> bool:
        """See ``SubmissionChannel``."""
        return False

    async def run(self, service: OnOne[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See ``SubmissionChannel``."""
        return await run_as_applicant(self.token, service, *args, **kwargs)

    async def look(self, query: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See ``SubmissionChannel``."""
        return await read_as_applicant(query, *args, **kwargs)


class StaffChannel:
    """Channel of staff who enter an application; ``number`` is "" before there is one."""

    is_staff = True

    def __init__(self, number: str = "") -> None:
        self.number = number

    @property
    def has_begun(self) -> bool:
        """See ``SubmissionChannel``."""
        return bool(self.number)

    @property
    def path(self) -> str:
        """See ``SubmissionChannel``."""
        return f"/applications/{self.number}"

    @property
    def licence_path(self) -> str:
        """See ``SubmissionChannel``."""
        return f"/applications/{self.number}/licence"

    async def may_ask(self) -> bool:
        """See ``SubmissionChannel``."""
        return await permitted_actor() is not None

    async def begin(self, stated: Mapping[str, str]) -> bool:
        """See ``SubmissionChannel``."""
        if self.has_begun:
            return False
        self.number = (await call_or_raise(begin_application, stated)).number
        return True

    async def run(self, service: OnOne[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See ``SubmissionChannel``."""
        number = self.number
        return await call_or_raise(lambda session: service(session, number, *args, **kwargs))

    async def look(self, query: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See ``SubmissionChannel``."""
        return await read(await current_actor(), query, *args, **kwargs)
