"""The door of the server: guards in front, answers to errors, and the pages that let people in."""

import logging

from fastapi import FastAPI

from core.errors import DomainError
from pages.guards import install_guards
from pages.plain import account, set_up, sign_in
from pages.responses import install_error_answers

LINE_LENGTH_MAX = 500


def open_front_door(app: FastAPI) -> None:
    """Install everything that does not depend on what the product sells; before ``ui.run``."""
    install_guards(app)
    install_error_answers(app)
    for router in (sign_in.router, set_up.router, account.router, account.preferences):
        app.include_router(router)
    for kept in (is_a_bug_or_news, one_line):
        logging.getLogger("nicegui").addFilter(kept)


def is_a_bug_or_news(record: logging.LogRecord) -> bool:
    """Leave out what a person was told already: a refusal is no failure of the product."""
    return not (record.exc_info and isinstance(record.exc_info[1], DomainError))


def one_line(record: logging.LogRecord) -> bool:
    """Keep a message of the framework on one short line: it passes on what browsers say, whatever that is."""
    text = record.getMessage()[:LINE_LENGTH_MAX]
    record.msg = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
    record.args = None
    return True
