"""The first step of who registers a store by an invite: a greeting that costs nothing until it is answered."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from core.database.sessions import reading, transact
from core.errors import DomainError
from core.i18n import _, current_language
from pages.apply.visitor import count_visit
from pages.web.cookies import browser_of, has_begun_with, see_other, set_begun_with
from pages.web.identity import actor_of_request, require_actor
from pages.web.policies import PUBLIC
from pages.web.rendering import render
from services.applications.states import reception
from services.stores.registration import InvitedBy, anonymous_actor, invite_facts

router = APIRouter(dependencies=[Depends(PUBLIC)], include_in_schema=False)

PATH = "/stores/register"
INVITE_LENGTH_MAX = 64


async def first_step(request: Request) -> Response | None:
    """Return the first step for who is not signed in and has not begun with this invite; None for everybody else.

    Raises:
        SignInNeeded: There is no invite.
        TooManyAttempts: Too many codes from this address did not hold.
        DomainError: What is wrong with the invite.
    """
    code = request.query_params.get("invite", "")[:INVITE_LENGTH_MAX]
    if actor_of_request(request) is not None:
        return None
    if not code:
        require_actor(request)  # says why not
    if has_begun_with(request, code):
        return None
    invited = await run_in_threadpool(_invited_by, request, code)
    return _form(request, code, invited)


@router.post(PATH)
def begin_by_form(request: Request, invite: Annotated[str, Form()] = "") -> Response:
    """Let the browser open the page of the registration with this invite."""
    code = invite[:INVITE_LENGTH_MAX]
    invited = _invited_by(request, code)
    try:
        _count(request)
    except DomainError as refused:
        return _form(request, code, invited, refused)
    response = see_other(f"{PATH}?invite={quote(code, safe='')}")
    set_begun_with(response, code)
    return response


def _invited_by(request: Request, code: str) -> InvitedBy:
    """Return whose invite a code is; a code that does not hold is counted."""
    try:
        with reading(anonymous_actor(current_language())) as session:
            return invite_facts(session, code)
    except DomainError:
        _count(request)
        raise


def _count(request: Request) -> None:
    transact(reception("", current_language()), lambda session: count_visit(session, browser_of(request).address))


def _form(request: Request, code: str, invited: InvitedBy, problem: DomainError | None = None) -> Response:
    shown = {
        "title": _("Register a store"),
        "invited": _("For {partner}", partner=invited.partner_name) if invited.partner_name else "",
        "invite": code,
        "problem": problem.text if problem else "",
    }
    return render("store_start.html", request=request, status=problem.status if problem else 200, **shown)
