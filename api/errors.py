"""Error responses of the API: ``{"code", "message", "fields"}`` with the status; never a stack trace."""

import secrets
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import compile_path

from api.field_errors import field_sentences
from core.access import Actor
from core.database.errors import expected_error
from core.errors import DomainError, NotPermitted
from core.i18n import N_, _
from services.accounts.denials import note_refusal

KEY_HEADER = "Idempotency-Key"
RETRY_AFTER_S = {"idempotency.in_progress": 1, "database.busy": 1}
_SENTENCES = {
    404: N_("There is nothing at this address."),
    405: N_("This address does not answer this method."),
}
_OTHERWISE = N_("This request cannot be understood.")


class Error(BaseModel):
    """What went wrong."""

    code: str = Field(
        description="Stable name of the problem, e.g. `orders.credit_exceeded`", examples=["orders.not_found"]
    )
    message: str = Field(description="One sentence in the language asked for by `Accept-Language` (zh, en)")
    fields: dict[str, str] = Field(description="Sentence for each parameter or field it belongs to")
    reference: str | None = Field(None, description="Of a failure on our side: what to quote")


class BadRequest(DomainError):
    """The request lacks a header that every request of its kind needs."""

    status = 400


def install_api_error_handlers(api: FastAPI) -> None:
    """Install handlers that answer every error of the API in one shape."""
    api.add_exception_handler(DomainError, _answer_domain_error)
    api.add_exception_handler(RequestValidationError, _answer_invalid_request)
    api.add_exception_handler(HTTPException, _answer_http_error)
    api.add_exception_handler(Exception, _answer_bug)


def error_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the error responses of an operation, for its OpenAPI description."""
    known = {
        400: "Not a request that can be worked on, or its `Idempotency-Key` is missing",
        401: "No key, or one that is not valid",
        403: "The key does not permit this",
        404: "There is no such thing, or not for this key",
        409: "The state of things does not allow this",
        413: "Too large",
        415: "Not JSON",
        422: "What was sent is wrong; `fields` says where",
        429: "Too many requests",
        503: "The database or the disk cannot do it now: repeat after `Retry-After` seconds",
    }
    always = (401, 403, 422, 429, 503)
    return {status: {"model": Error, "description": known[status]} for status in (*statuses, *always)}


def _answer_domain_error(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, DomainError):
        raise error
    actor = getattr(request.state, "actor", None)
    if isinstance(error, NotPermitted) and isinstance(actor, Actor):
        note_refusal(actor, error, request.url.path)
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    retry_after_s = getattr(error, "retry_after_s", RETRY_AFTER_S.get(error.code))
    if retry_after_s is not None:
        headers["Retry-After"] = str(retry_after_s)
    fields = {name: problem.text for name, problem in error.fields.items()}
    return _answer(error.status, error.code, error.text, fields, headers)


def _answer_invalid_request(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    problems = error.errors()
    if key := next((problem for problem in problems if problem["loc"][:2] == ("header", KEY_HEADER)), None):
        return _answer_missing_key(is_missing=key["type"] == "missing")
    sentence = _("What was sent does not have the form this address expects.")
    return _answer(422, "request.invalid", sentence, field_sentences(problems))


def _answer_missing_key(*, is_missing: bool) -> JSONResponse:
    if is_missing:
        code, sentence = "idempotency.key_missing", N_("Send an Idempotency-Key: a new one for each thing to be done.")
    else:
        code, sentence = "idempotency.key_invalid", N_("An Idempotency-Key has 1 to 255 printable ASCII characters.")
    return _answer(400, code, _(sentence), {KEY_HEADER: _(sentence)})


def _answer_http_error(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    if isinstance(error.__cause__, DomainError):  # the framework wraps what is said about a body
        return _answer_domain_error(request, error.__cause__)
    headers = dict(error.headers or {})
    if error.status_code == 405 and (methods := methods_of(request)):
        headers["Allow"] = ", ".join(methods)
    sentence = _SENTENCES.get(error.status_code, _OTHERWISE)
    return _answer(error.status_code, f"http.{error.status_code}", _(sentence), {}, headers)


def methods_of(request: Request) -> list[str]:
    """Return the methods that the path of a request supports."""
    described = request.app.openapi()["paths"].items()
    matching = [operations for path, operations in described if compile_path(path)[0].match(request.url.path)]
    return sorted({method.upper() for operations in matching for method in operations})


def _answer_bug(request: Request, error: Exception) -> JSONResponse:
    """Answer an unexpected error or a full disk; the error is raised again, so that the server logs it."""
    if expected := expected_error(error):
        return _answer_domain_error(request, expected)
    reference = getattr(request.state, "request_id", "") or secrets.token_hex(6)
    sentence = _("Something went wrong that should not have. Give your administrator the reference.")
    content: dict[str, object] = {"code": "http.500", "message": sentence, "fields": {}, "reference": reference}
    return JSONResponse(content, 500, headers={"Cache-Control": "no-store"})


def _answer(status: int, code: str, message: str, fields: dict[str, str], headers: Any = None) -> JSONResponse:
    content: dict[str, object] = {"code": code, "message": message, "fields": fields}
    return JSONResponse(content, status, headers={"Cache-Control": "no-store", **(headers or {})})
