"""The first step of an application: name and phone, as a plain form without a socket."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from core.access import Actor
from core.database.sessions import reading, transact
from core.errors import DomainError, Problem
from core.i18n import _, current_language
from pages.apply._queries import Inviter, read_inviter
from pages.apply.visitor import count_visit
from pages.web.cookies import browser_of, see_other
from pages.web.policies import PUBLIC
from pages.web.rendering import render
from services.applications.applicant import begin_application
from services.applications.drafts import kept_texts, missing, read_texts
from services.applications.invites import STORE
from services.applications.states import reception

router = APIRouter(dependencies=[Depends(PUBLIC)], include_in_schema=False)

Text = Annotated[str, Form()]
INVITE_LENGTH_MAX = 64
SHOWN_LENGTH_MAX = 200
STATED = ("contact", "phone")


@router.get("/apply")
def apply_page(request: Request, invite: str = "") -> Response:
    """Show the first step; ``?invite=CODE`` prefills an invite. Only invalid codes are counted."""
    code = invite[:INVITE_LENGTH_MAX]
    invited, warning = _invited(code)
    if warning:
        try:
            transact(_applicant(), lambda session: count_visit(session, browser_of(request).address))
        except DomainError as refused:
            return _form(request, problem=refused)
    return _form(request, invited=invited, warning=warning)


@router.post("/apply")
def begin_application_by_form(request: Request, invite: Text = "", contact: Text = "", phone: Text = "") -> Response:
    """Begin an application and redirect to its page, or show the problems."""
    stated = kept_texts({"contact": contact, "phone": phone})
    code = invite[:INVITE_LENGTH_MAX]
    try:
        transact(_applicant(), lambda session: count_visit(session, browser_of(request).address))
    except DomainError as refused:
        return _form(request, stated=stated, problem=refused)
    invited, warning = _invited(code)
    if warning:
        return _form(request, stated=stated, warning=warning, status=422)
    if invited:
        stated = {"invite": invited.code}
    elif problems := _problems(stated):
        return _form(request, stated=stated, problems=problems, status=422)
    begun = transact(_applicant(), lambda session: begin_application(session, stated))
    return see_other(f"/apply/{begun.token}")


def _problems(stated: dict[str, str]) -> dict[str, Problem]:
    values, unread = read_texts(stated)
    wanted = missing(values, has_licence=False) | unread
    return {name: problem for name, problem in wanted.items() if name in STATED}


def _invited(code: str) -> tuple[Inviter | None, str]:
    """Return the inviter of a code, or why it cannot be used."""
    if not code:
        return None, ""
    try:
        with reading(_applicant()) as session:
            return read_inviter(session, code), ""
    except DomainError as refused:
        return None, refused.text


def _applicant() -> Actor:
    return reception("", current_language())


def _form(
    request: Request,
    *,
    invited: Inviter | None = None,
    stated: dict[str, str] | None = None,
    problem: DomainError | None = None,
    problems: dict[str, Problem] | None = None,
    warning: str = "",
    status: int = 200,
) -> Response:
    stated = stated or {}
    sentences = {name: found.text for name, found in (problems or {}).items()}
    shown = {
        "title": _("Become a partner"),
        "invited": _("Invited by {name}", name=invited.by) if invited else "",
        "invite": invited.code if invited else "",
        "is_store_too": invited is not None and STORE in invited.tiers,
        "problem": problem.text if problem else "",
        "problems": {name: sentences.get(name, "") for name in STATED},
        "warning": warning,
    }
    typed = {name: stated.get(name, "")[:SHOWN_LENGTH_MAX] for name in STATED}
    return render("apply.html", request=request, status=problem.status if problem else status, **shown, **typed)
