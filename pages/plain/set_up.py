"""Pages of one-time links: set-up of an empty installation, and choosing a password."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from core.database.sessions import reading, transact
from core.errors import DomainError, InvalidInput, NotFound, Problem
from core.i18n import N_, _
from core.limits import FORM_TEXT_LENGTH_MAX
from core.permissions import Role
from core.settings import settings
from models.accounts.users import ROLE_LABELS
from pages.web.cookies import browser_of, device_token, see_other, session_token, set_entry
from pages.web.policies import PUBLIC
from pages.web.rendering import render
from services.accounts.attempts import TooManyAttempts
from services.accounts.links import (
    SETUP,
    LinkRecipient,
    choose_password,
    invited_by,
    note_opened,
    require_set_up_link,
    set_up,
)
from services.accounts.passwords import LENGTH_MIN
from services.accounts.sessions import AUTHENTICATION
from services.accounts.sign_in import sign_in

router = APIRouter(dependencies=[Depends(PUBLIC)], include_in_schema=False)

Text = Annotated[str, Form(max_length=FORM_TEXT_LENGTH_MAX)]


@router.get("/setup")
def set_up_page(request: Request, token: str = "") -> Response:
    """Show the set-up form for the printed link, which is invalid once an account exists."""
    with reading(SETUP) as session:
        require_set_up_link(session, token)
    return _set_up_form(request, token, "", "", None)


@router.post("/setup")
def set_up_by_form(
    request: Request, token: Text = "", email: Text = "", name: Text = "", password: Text = "", again: Text = ""
) -> Response:
    """Create the first administrator and sign them in."""
    try:
        require_same(password, again)
        user = transact(SETUP, lambda session: set_up(session, token, email, name, password))
    except NotFound:
        raise
    except DomainError as error:
        return _set_up_form(request, token, email, name, error)
    return _sign_in(request, user.email, password)


@router.get("/password")
def password_page(request: Request, token: str = "") -> Response:
    """Show the password form of an invitation or reset link."""
    greeting = transact(AUTHENTICATION, lambda session: _open(session, token))
    return _password_form(request, token, greeting, None)


@router.post("/password")
def choose_password_by_form(request: Request, token: Text = "", password: Text = "", again: Text = "") -> Response:
    """Store the chosen password and sign the person in; the second factor is still required."""
    with reading(AUTHENTICATION) as session:
        greeting = invited_by(session, token)
    try:
        require_same(password, again)
        transact(AUTHENTICATION, lambda session: choose_password(session, token, password))
    except NotFound:
        raise
    except DomainError as error:
        return _password_form(request, token, greeting, error)
    return _sign_in(request, greeting.email, password)


def _open(session: Session, token: str) -> LinkRecipient:
    """Return the recipient of a link, and record that it was opened. Raises ``NotFound`` ``links.not_valid``."""
    note_opened(session, token)
    return invited_by(session, token)


def _sign_in(request: Request, email: str, password: str) -> Response:
    """Sign in after choosing a password; if the address has too many attempts, redirect to the sign-in page instead."""
    try:
        entry = sign_in(
            email, password, browser_of(request), device=device_token(request), old_token=session_token(request)
        )
    except TooManyAttempts:  # the password is stored and the link used up: that must not read as refused
        return see_other("/login")
    response = see_other("/" if entry.device else "/login/code")
    set_entry(response, entry)
    return response


def require_same(password: str, again: str) -> None:
    """Require the same password twice. Raises ``InvalidInput`` ``users.passwords_differ``."""
    if password != again:
        problem = Problem("users.passwords_differ", N_("The two passwords are not the same."))
        raise InvalidInput(problem.code, problem.message, fields={"again": problem})


def _set_up_form(request: Request, token: str, email: str, name: str, error: DomainError | None) -> Response:
    shown = {"token": token, "email": email, "name": name, "length_hint": length_hint(), **_problems(error)}
    return render("set_up.html", request=request, status=_status(error), title=_("Set up Qudao"), **shown)


def _password_form(request: Request, token: str, greeting: LinkRecipient, error: DomainError | None) -> Response:
    shown = {
        "token": token,
        "greeting": greeting,
        "welcome": _welcome(greeting) if greeting.is_new else "",
        "role": _(ROLE_LABELS[Role(greeting.role)][0]),
        "length_hint": length_hint(),
        **_problems(error),
    }
    title = _("Welcome, {name}", name=greeting.name) if greeting.is_new else _("Choose a new password")
    return render("password.html", request=request, status=_status(error), title=title, **shown)


def _welcome(greeting: LinkRecipient) -> str:
    brand = settings().brand_name
    if greeting.made_by:
        sentence = N_("{maker} has invited you to {brand}. Choose a password, and you are in.")
        return _(sentence, maker=greeting.made_by, brand=brand)
    return _("You are invited to {brand}. Choose a password, and you are in.", brand=brand)


def length_hint() -> str:
    """Return the hint about password rules."""
    return _("At least {least} characters", least=LENGTH_MIN)


def _status(error: DomainError | None) -> int:
    return error.status if error else 200


def _problems(error: DomainError | None) -> dict[str, object]:
    """Return each field's problem, and the one sentence that belongs to no field."""
    fields = {name: problem.text for name, problem in error.fields.items()} if error else {}
    return {"problems": fields, "problem": error.text if error and not fields else ""}
