"""Cookies, and safe redirects after forms."""

from hmac import compare_digest
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from core.limits import FORM_TEXT_LENGTH_MAX
from core.settings import settings
from pages.web.identity import cookie_name
from services.accounts.one_time_secrets import keyed_hash
from services.accounts.sessions import Browser
from services.accounts.sign_in import Entry
from services.applications.invites import plain_code

YEAR_S = 31_536_000


def device_cookie_name() -> str:
    """Return the name of the cookie that marks a known device."""
    return "__Host-qudao-device" if settings().is_https else "qudao-device"


def set_entry(response: Response, entry: Entry) -> None:
    """Set the session cookie, and the cookie of a known device."""
    set_session(response, entry.token)
    if entry.device:
        _set(response, device_cookie_name(), entry.device, max_age_s=YEAR_S)


def set_session(response: Response, token: str) -> None:
    """Set the session cookie, which the browser drops when it is closed."""
    _set(response, cookie_name(), token)


def set_preference(response: Response, name: str, value: str) -> None:
    """Set a preference cookie that scripts may read."""
    response.set_cookie(name, value, max_age=YEAR_S, path="/", secure=settings().is_https, samesite="lax")


def delete_cookie(response: Response, name: str) -> None:
    """Delete a cookie."""
    response.delete_cookie(name, path="/", secure=settings().is_https, httponly=True, samesite="lax")


def browser_of(request: Request) -> Browser:
    """Return address and user agent of a request."""
    return Browser(request.client.host if request.client else "", request.headers.get("user-agent", ""))


def session_token(request: Request) -> str:
    """Return the secret of the session that comes with a request, "" for none."""
    return request.cookies.get(cookie_name(), "")


def device_token(request: Request) -> str:
    """Return the device token of a known browser, "" for an unknown one."""
    return request.cookies.get(device_cookie_name(), "")


def set_begun_with(response: Response, invite: str) -> None:
    """Set a session cookie that a registration of a store with this invite has begun."""
    _set(response, _begun_cookie_name(), _begun_with(invite))


def has_begun_with(request: Request, invite: str) -> bool:
    """Return whether this browser has begun to register a store with an invite."""
    return compare_digest(request.cookies.get(_begun_cookie_name(), "").encode(), _begun_with(invite).encode())


def _begun_cookie_name() -> str:
    return "__Host-qudao-invite" if settings().is_https else "qudao-invite"


def _begun_with(invite: str) -> str:
    return keyed_hash(f"store registration {plain_code(invite)}")


def safe_next(wanted: str) -> str:
    """Return ``wanted`` if it is a local path, else the start page: no open redirects."""
    is_path = wanted.startswith("/") and not wanted.startswith("//") and len(wanted) <= FORM_TEXT_LENGTH_MAX
    if not is_path or "\\" in wanted or not wanted.isprintable():
        return "/"
    parts = urlsplit(wanted)
    return "/" if parts.scheme or parts.netloc else wanted


def see_other(path: str) -> RedirectResponse:
    """Return a redirect after a form was accepted (303)."""
    return RedirectResponse(path, 303, headers={"Cache-Control": "no-store"})


def _set(response: Response, name: str, value: str, *, max_age_s: int | None = None) -> None:
    secure = settings().is_https
    response.set_cookie(name, value, max_age=max_age_s, path="/", secure=secure, httponly=True, samesite="lax")
