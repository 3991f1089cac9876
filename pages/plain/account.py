"""My account: password, second factor, where I am signed in, language and appearance."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from core.clock import BRAND_ZONE
from core.database.sessions import reading, transact
from core.errors import DomainError, InvalidInput
from core.i18n import LANGUAGES, N_, _
from core.limits import FORM_TEXT_LENGTH_MAX
from models.accounts.sessions import EndReason
from models.accounts.users import ROLE_LABELS
from pages.plain.set_up import length_hint, require_same
from pages.web.addresses import RowId
from pages.web.cookies import delete_cookie, safe_next, see_other, set_preference, set_session
from pages.web.identity import LANGUAGE_COOKIE, require_session_user, session_user_of_request
from pages.web.policies import PUBLIC, SIGNED_IN
from pages.web.rendering import render
from pages.web.user_agents import browser_name
from services.accounts.own_account import (
    THEMES,
    change_password,
    choose_language,
    choose_theme,
    enrol_own_factor,
    own_row,
    renew_own_codes,
    require_password,
)
from services.accounts.second_factor import codes_left, enrolment_picture, offer_secret, offered_secret
from services.accounts.sessions import SessionUser, end_session, end_sessions_of, open_sessions

router = APIRouter(prefix="/account", dependencies=[Depends(SIGNED_IN)], include_in_schema=False)
preferences = APIRouter(dependencies=[Depends(PUBLIC)], include_in_schema=False)

Text = Annotated[str, Form(max_length=FORM_TEXT_LENGTH_MAX)]
MODE_COOKIE = "qudao_mode"


@router.get("")
def account_page(request: Request, done: str = "") -> Response:
    """Show my account."""
    return _account(request, done=done)


@router.post("/password")
def change_password_by_form(request: Request, old: Text = "", password: Text = "", again: Text = "") -> Response:
    """Change my password; this session goes on with a new secret, all others end."""
    try:
        require_same(password, again)
        token = change_password(require_session_user(request), old, password)
    except DomainError as error:
        return _account(request, error=error)
    response = see_other("/account?done=password")
    set_session(response, token)
    return response


@router.post("/sessions/{session_id}/end")
def end_session_by_form(request: Request, session_id: RowId) -> Response:
    """End one of my sessions."""
    session_user = require_session_user(request)

    def end(session: Any) -> None:
        if session_id in {row.id for row in open_sessions(session, session_user.actor.user_id or 0)}:
            end_session(session, session_id, EndReason.ENDED_BY_PERSON)

    transact(session_user.actor, end)
    return see_other("/account?done=sessions")


@router.post("/sessions/end-others")
def end_other_sessions(request: Request) -> Response:
    """End all my sessions but this one."""
    session_user = require_session_user(request)

    def end(session: Any) -> None:
        user = own_row(session, session_user)
        end_sessions_of(session, user, EndReason.ENDED_BY_PERSON, but=session_user.session_id)

    transact(session_user.actor, end)
    return see_other("/account?done=sessions")


@router.post("/second-factor")
def offer_second_factor(request: Request, old: Text = "") -> Response:
    """Begin to enrol a second factor, after the password."""
    session_user = require_session_user(request)
    try:
        if session_user.has_second_factor:
            raise InvalidInput("second_factor.enrolled", N_("This account has a second factor already."))
        require_password(session_user, old)
    except DomainError as error:
        return _account(request, error=error, part="factor")
    transact(session_user.actor, lambda session: offer_secret(session, session_user.session_id))
    return see_other("/account/second-factor")


@router.get("/second-factor")
def second_factor_page(request: Request) -> Response:
    """Show the picture to scan."""
    return _enrolment(request, None)


@router.post("/second-factor/enrolment")
def enrol_factor_by_form(request: Request, code: Text = "") -> Response:
    """Enrol the second factor and show the one-time codes, this once."""
    try:
        codes = enrol_own_factor(require_session_user(request), code)
    except DomainError as error:
        return _enrolment(request, error)
    return _codes(request, codes)


@router.post("/codes")
def renew_codes_by_form(request: Request, old: Text = "") -> Response:
    """Make ten new one-time codes and show them, this once."""
    try:
        codes = renew_own_codes(require_session_user(request), old)
    except DomainError as error:
        return _account(request, error=error, part="factor")
    return _codes(request, codes)


@preferences.post("/preferences")
def choose_preferences(request: Request, language: Text = "", theme: Text = "", next: Text = "/") -> Response:  # noqa: A002
    """Keep language and appearance in this browser, and in the account of who is signed in."""
    response = see_other(safe_next(next))
    if language in LANGUAGES:
        set_preference(response, LANGUAGE_COOKIE, language)
    if theme == "auto":
        delete_cookie(response, MODE_COOKIE)
    elif theme in THEMES:
        set_preference(response, MODE_COOKIE, theme)
    session_user = session_user_of_request(request)
    if session_user is not None and session_user.is_signed_in:

        def choose(session: Any) -> None:
            choose_language(session, session_user, language)
            choose_theme(session, session_user, theme)

        transact(session_user.actor, choose)
    return response


def _account(request: Request, *, error: DomainError | None = None, part: str = "password", done: str = "") -> Response:
    session_user = require_session_user(request)
    with reading(session_user.actor) as session:
        sessions = [
            _session_facts(row, session_user) for row in open_sessions(session, session_user.actor.user_id or 0)
        ]
        left = codes_left(session, session_user.actor.user_id or 0) if session_user.has_second_factor else 0
    fields = {name: problem.text for name, problem in error.fields.items()} if error else {}
    shown: dict[str, object] = {
        "session_user": session_user,
        "role": _(ROLE_LABELS[session_user.actor.role][0]),
        "sessions": sessions,
        "codes_left": _("It is on. One-time codes left: {count}", count=left),
        "length_hint": length_hint(),
        "themes": THEMES,
        "problems": fields if part == "password" else {},
        "factor_problem": (error.text if error else "") if part == "factor" else "",
        "problem": error.text if error and part == "password" and not fields else "",
        "done": {"password": _("Your password was changed."), "sessions": _("Ended.")}.get(done, ""),
    }
    status = error.status if error else 200
    return render("account.html", request=request, status=status, title=_("My account"), **shown)


def _session_facts(row: Any, session_user: SessionUser) -> dict[str, object]:
    return {
        "id": row.id,
        "browser": browser_name(row.user_agent) or _("Unknown browser"),
        "address": row.address,
        "seen_at": row.seen_at.astimezone(BRAND_ZONE).strftime("%Y-%m-%d %H:%M"),
        "is_this": row.id == session_user.session_id,
    }


def _enrolment(request: Request, error: DomainError | None) -> Response:
    session_user = require_session_user(request)
    with reading(session_user.actor) as session:
        secret = offered_secret(session, session_user.session_id)
    if secret is None:
        return see_other("/account")
    shown = {
        "picture": enrolment_picture(secret, session_user.email),
        "secret": " ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        "action": "/account/second-factor/enrolment",
        "next": "/account",
        "problem": error.text if error else "",
    }
    status = error.status if error else 200
    return render("enrolment.html", request=request, status=status, title=_("Set up the second factor"), **shown)


def _codes(request: Request, codes: list[str]) -> Response:
    return render("codes.html", request=request, title=_("Your one-time codes"), codes=codes, next="/account")
