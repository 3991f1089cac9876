"""The door of the server: guards in front, answers to errors, and the pages that let people in."""

import logging

from fastapi import FastAPI

from core.addresses import KeysInPaths
from core.errors import DomainError
from core.logs import is_logged
from pages.plain import account, set_up, sign_in
from pages.web.guards import install_guards
from pages.web.responses import install_error_answers
from pages.web.sockets.guard import guard_sockets
from resources import BY_NAME


def open_front_door(app: FastAPI) -> None:
    """Install everything that does not depend on what the product sells; before ``ui.run``."""
    app.add_middleware(KeysInPaths, resources=frozenset(BY_NAME))
    install_guards(app)
    install_error_answers(app)
    for router in (sign_in.router, set_up.router, account.router, account.preferences):
        app.include_router(router)
    guard_sockets()
    logging.getLogger("nicegui").addFilter(is_a_bug_or_news)


def is_a_bug_or_news(record: logging.LogRecord) -> bool:
    """Leave out what a person was told already, as a refusal is no failure of the product, and a second trace."""
    error = record.exc_info[1] if record.exc_info else None
    return error is None or not (isinstance(error, DomainError) or is_logged(error))
