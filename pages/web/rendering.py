"""Templates to HTML: autoescaped, in the language of the request, in its light or dark mode."""

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core.i18n import LANGUAGES, current_language, translate
from core.settings import ROOT, settings
from pages.components.base.theme import asset_url
from pages.components.layout.shell import LANGUAGE_TAGS

RETRY_AFTER_S = "60"
_TEMPLATES = Environment(
    loader=FileSystemLoader(ROOT / "pages" / "plain"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.globals.update(_=translate, asset_url=asset_url)


def render(template: str, *, request: Request, status: int = 200, **context: object) -> HTMLResponse:
    """Return a page made of ``pages/plain/<template>``.

    The template knows ``_``, ``asset_url``, ``language``, ``lang``, ``mode`` ("light", "dark" or "" for the system's),
    ``nonce`` (what the guard put into ``request.state.nonce``, else ""), ``brand`` and ``request``; a name that is
    not given is an error, never an empty string.
    """
    mode = request.cookies.get("qudao_mode", "")
    known = {
        "request": request,
        "language": current_language(),
        "languages": LANGUAGES,
        "lang": LANGUAGE_TAGS[current_language()],
        "mode": mode if mode in ("light", "dark") else "",
        "nonce": getattr(request.state, "nonce", ""),
        "brand": settings().brand_name,
        "title": "",
    }
    html = _TEMPLATES.get_template(template).render(known | context)
    retry = {"Retry-After": RETRY_AFTER_S} if status in {429, 503} else {}
    return HTMLResponse(html, status, headers={"Cache-Control": "no-store", **retry})
