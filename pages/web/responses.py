"""Error responses: a page for people, JSON for programs; never a stack trace."""

from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect

from core.database.sessions import reading
from core.errors import DomainError, NotPermitted
from core.i18n import N_, _
from pages.web.identity import actor_of_request, session_user_of_request
from pages.web.rendering import render
from services.accounts.administration import who_can_grant
from services.accounts.denials import note_refusal
from services.accounts.sessions import AUTHENTICATION, SignInNeeded

FOR_PROGRAMS = ("/api/", "/grid/")
_TITLES = {
    400: N_("This request cannot be answered"),
    401: N_("Please sign in"),
    403: N_("You may not see this"),
    404: N_("There is nothing here"),
    405: N_("This request cannot be answered"),
    409: N_("Something changed meanwhile"),
    413: N_("This is too large"),
    422: N_("This request cannot be answered"),
    429: N_("Too many requests"),
    503: N_("Not possible just now"),
    507: N_("The disk is full"),
    500: N_("Something went wrong"),
}
_SENTENCES = {
    403: N_("You may not do this."),
    404: N_("The address is wrong, or what was here is gone."),
    413: N_("More was sent than this place accepts."),
    429: N_("Too many requests come from your address. Wait a moment and try again."),
    500: N_("Something went wrong that should not have. Give your administrator the reference below."),
}
_OTHERWISE = N_("The address or the form is not right.")


def install_page_error_handlers(app: FastAPI) -> None:
    """Install error handlers for routes and pages; unexpected errors are handled by ``ResponseHeaders``."""
    app.add_exception_handler(DomainError, answer_domain_error)
    app.add_exception_handler(StarletteHTTPException, _answer_http_error)
    app.add_exception_handler(404, _answer_http_error)  # the framework has its own page for this one
    app.add_exception_handler(RequestValidationError, _answer_invalid_request)
    app.add_exception_handler(ClientDisconnect, _answer_nobody)


def error_answer(
    request: Request,
    status: int,
    code: str,
    sentence: str = "",
    *,
    advice: str = "",
    fields: dict[str, str] | None = None,
) -> Response:
    """Return an error response.

    Args:
        request: Decides between page and JSON.
        status: Of HTTP.
        code: Stable machine name. sentence: translated; "" for the usual one of the status.
        advice: What else helps, translated. fields: name of a field to sentence.
    """
    reference = getattr(request.state, "request_id", "")
    plain = sentence or _(_SENTENCES.get(status, _OTHERWISE))
    if is_for_programs(request):
        return JSONResponse(
            {"code": code, "message": plain, "fields": fields or {}, "reference": reference},
            status,
            headers={"Cache-Control": "no-store"},
        )
    title = _(_TITLES.get(status, _TITLES[400]))
    shown = {"code": status, "title": title, "sentence": plain, "advice": advice, "reference": reference}
    return render("error.html", request=request, status=status, **shown)


def is_for_programs(request: Request) -> bool:
    """Return whether the client wants data and not a page."""
    stated = request.headers.get("accept", "") + request.headers.get("content-type", "")
    return request.url.path.startswith(FOR_PROGRAMS) or any(
        kind in stated for kind in ("application/json", "application/octet-stream")
    )


def answer_domain_error(request: Request, error: Exception) -> Response:
    """Return the response to an expected error."""
    if not isinstance(error, DomainError):
        raise error
    if isinstance(error, SignInNeeded) and not is_for_programs(request):
        return _to_sign_in(request)
    fields = {name: problem.text for name, problem in error.fields.items()}
    advice = _note_and_advise(request, error) if isinstance(error, NotPermitted) else ""
    answer = error_answer(request, error.status, error.code, error.text, advice=advice, fields=fields)
    retry_after_s = getattr(error, "retry_after_s", None)
    if retry_after_s is not None:
        answer.headers["Retry-After"] = str(retry_after_s)
    return answer


def _note_and_advise(request: Request, error: NotPermitted) -> str:
    """Record a refusal in the audit log; return who can grant the right, for brand staff."""
    actor = actor_of_request(request)
    if actor is None:
        return ""
    note_refusal(actor, error, request.url.path)
    if not actor.is_brand:
        return ""
    with reading(AUTHENTICATION) as session:
        names = who_can_grant(session)
    return _("Administrators here: {names}", names=", ".join(names)) if names else ""


def _to_sign_in(request: Request) -> Response:
    session_user = session_user_of_request(request)
    if session_user is not None and not session_user.is_signed_in:
        return RedirectResponse("/login/code", 303)
    if request.method != "GET" or request.url.path == "/":
        return RedirectResponse("/login", 303)
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/login?next={quote(wanted, safe='')}", 303)


def _answer_http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, StarletteHTTPException) else 404
    return error_answer(request, status, f"http.{status}")


def _answer_invalid_request(request: Request, error: Exception) -> Response:
    problems = error.errors() if isinstance(error, RequestValidationError) else []
    too_long = next((problem for problem in problems if problem["type"] == "string_too_long"), None)
    if too_long is None:
        return error_answer(request, 422, "http.422")
    most = too_long["ctx"]["max_length"]
    sentence = _("One field holds more text than it may: at most {most} characters.", most=most)
    return error_answer(request, 422, "request.too_long", sentence)


def _answer_nobody(_request: Request, _error: Exception) -> Response:
    """Answer a disconnected client, without logging an error."""
    return Response(status_code=499)
