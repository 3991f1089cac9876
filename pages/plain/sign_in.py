"""Signing in and out: password, second factor, first enrolment."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from core.database.sessions import reading, transact
from core.errors import DomainError
from core.i18n import _
from core.limits import FORM_TEXT_LENGTH_MAX
from models.accounts.sessions import EndReason, SessionState
from pages.web.cookies import (
    browser_of,
    delete_cookie,
    device_token,
    safe_next,
    see_other,
    session_token,
    set_entry,
)
from pages.web.identity import cookie_name, session_user_of_request
from pages.web.policies import PUBLIC
from pages.web.rendering import render
from services.accounts.second_factor import enrolment_picture, offered_secret
from services.accounts.sessions import AUTHENTICATION, SessionUser, SignInNeeded, end_session
from services.accounts.sign_in import Entry, enrol_second_factor, give_second_factor, sign_in

router = APIRouter(dependencies=[Depends(PUBLIC)], include_in_schema=False)

Text = Annotated[str, Form(max_length=FORM_TEXT_LENGTH_MAX)]


@router.get("/login")
def sign_in_page(request: Request, next: str = "/") -> Response:  # noqa: A002  (the name in the address)
    """Show the form; redirect a user who is signed in already."""
    session_user = session_user_of_request(request)
    if session_user is not None:
        return see_other(safe_next(next) if session_user.is_signed_in else _second_step(session_user, next))
    return _sign_in_form(request, next, "", None)


@router.post("/login")
def sign_in_by_form(request: Request, email: Text = "", password: Text = "", next: Text = "/") -> Response:  # noqa: A002
    """Sign in by password, or ask for the second factor."""
    try:
        entry = sign_in(
            email, password, browser_of(request), device=device_token(request), old_token=session_token(request)
        )
    except DomainError as error:
        return _sign_in_form(request, next, email, error)
    if entry.state == SessionState.SIGNED_IN:
        return _entered(entry, see_other(safe_next(next)))
    return _entered(entry, see_other(f"/login/code?next={quote(safe_next(next), safe='')}"))


@router.get("/login/code")
def code_page(request: Request, next: str = "/") -> Response:  # noqa: A002
    """Ask for the second factor after the password, or for enrolment."""
    session_user = _half_way(request)
    if session_user is None:
        return see_other("/login")
    return _code_form(request, session_user, next, None)


@router.post("/login/code")
def give_code(request: Request, code: Text = "", next: Text = "/") -> Response:  # noqa: A002
    """Complete the sign-in with the second factor."""
    session_user = _half_way(request)
    if session_user is None:
        return see_other("/login")
    try:
        entry = give_second_factor(
            session_user, session_token(request), code, browser_of(request), device=device_token(request)
        )
    except DomainError as error:
        return _code_form(request, session_user, next, error)
    return _entered(entry, see_other(safe_next(next)))


@router.post("/login/enrolment")
def enrol_by_form(request: Request, code: Text = "", next: Text = "/") -> Response:  # noqa: A002
    """Enrol the second factor, let the person in and show the one-time codes, this once."""
    session_user = _half_way(request)
    if session_user is None:
        return see_other("/login")
    try:
        entry = enrol_second_factor(
            session_user, session_token(request), code, browser_of(request), device=device_token(request)
        )
    except DomainError as error:
        return _code_form(request, session_user, next, error)
    title = _("Your one-time codes")
    return _entered(entry, render("codes.html", request=request, title=title, codes=entry.codes, next=safe_next(next)))


@router.post("/logout")
def sign_out(request: Request) -> Response:
    """End the session of this browser."""
    session_user = session_user_of_request(request)
    if session_user is not None:
        actor = session_user.actor
        transact(actor, lambda session: end_session(session, session_user.session_id, EndReason.SIGNED_OUT))
    response = see_other("/login")
    delete_cookie(response, cookie_name())
    return response


def _sign_in_form(request: Request, next_path: str, email: str, error: DomainError | None) -> Response:
    why = getattr(request.state, "session_user", None)
    known = {
        "title": _("Sign in"),
        "next": safe_next(next_path),
        "email": email[:200],
        "problem": error.text if error else "",
        "reason": why.text if isinstance(why, SignInNeeded) and error is None else "",
    }
    return render("sign_in.html", request=request, status=error.status if error else 200, **known)


def _code_form(request: Request, session_user: SessionUser, next_path: str, error: DomainError | None) -> Response:
    known = {"next": safe_next(next_path), "problem": error.text if error else ""}
    status = error.status if error else 200
    if session_user.has_second_factor:
        return render("code.html", request=request, status=status, title=_("Second factor"), **known)
    with reading(AUTHENTICATION) as session:
        secret = offered_secret(session, session_user.session_id) or ""
    shown = {
        "picture": enrolment_picture(secret, session_user.email),
        "secret": " ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        "action": "/login/enrolment",
    }
    title = _("Set up the second factor")
    return render("enrolment.html", request=request, status=status, title=title, **known, **shown)


def _half_way(request: Request) -> SessionUser | None:
    session_user = session_user_of_request(request)
    return session_user if session_user is not None and not session_user.is_signed_in else None


def _second_step(session_user: SessionUser, next_path: str) -> str:
    return f"/login/code?next={quote(safe_next(next_path), safe='')}"


def _entered(entry: Entry, response: Response) -> Response:
    set_entry(response, entry)
    return response
