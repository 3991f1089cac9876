"""Cheap error responses: no database, no template, cached per language."""

import json
from functools import cache
from html import escape

from fastapi import Request
from fastapi.responses import Response
from starlette.requests import HTTPConnection

from core.i18n import catalogue
from pages.components.base.theme import asset_url
from pages.components.layout.shell import LANGUAGE_TAGS
from pages.web.identity import language_of
from pages.web.responses import is_for_programs

_PAGE = (
    '<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{sentence}</title>'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="{style}"></head>'
    '<body><main class="pl-main"><section class="pl-card"><h1>{status}</h1><p>{sentence}</p></section></main>'
    "</body></html>"
)


def short_answer(connection: HTTPConnection, status: int, code: str, sentence: str, *, retry_after_s: int) -> Response:
    """Return an error response in the language of the request: a small page for people, JSON for programs.

    Args:
        connection: Of the request.
        status: Of HTTP. code: stable machine name.
        sentence: English source, marked with ``N_``.
        retry_after_s: When to try again.
    """
    is_data = is_for_programs(Request(connection.scope))
    body = _body(status, code, sentence, language_of(connection), is_data)
    kind = "application/json" if is_data else "text/html; charset=utf-8"
    return Response(body, status, {"Retry-After": str(retry_after_s), "Cache-Control": "no-store"}, media_type=kind)


@cache
def _body(status: int, code: str, sentence: str, language: str, is_data: bool) -> bytes:
    said = catalogue(language).get(sentence, sentence)
    if is_data:
        facts = {"code": code, "message": said, "fields": {}, "reference": ""}
        return json.dumps(facts, ensure_ascii=False).encode()
    style = asset_url("plain.css")
    return _PAGE.format(lang=LANGUAGE_TAGS[language], sentence=escape(said), style=style, status=status).encode()
