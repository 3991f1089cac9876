"""A small product behind the real door: for the tests of the door itself, in this process or in one of its own."""

from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database.sessions import actor_of
from core.errors import Conflict, NotFound, Problem
from core.i18n import N_, _
from core.permissions import Permission
from models.customers import Customer
from pages.components.base.buttons import button
from pages.components.layout.content import paragraph
from pages.components.layout.shell import shell
from pages.shell.calls import call, call_each, call_or_raise, page, permitted_actor, show_refusal
from pages.shell.reading import read_as_current_user
from pages.web.identity import page_actor
from services.accounts.sessions import ReauthenticationNeeded
from tests.support.small_product import serve_small_product


def rename_customers(session: Session, name: str) -> int:
    """Stand in for any service: needs a permission and writes."""
    actor_of(session).require(Permission.CUSTOMER_EDIT)
    for customer in session.scalars(select(Customer)):
        customer.name = name
    return 1


TOO_MANY = Problem("tests.too_many", N_("Sign in"))


def refuse(session: Session) -> None:
    """Stand in for a service that refuses."""
    raise Conflict("tests.refused", N_("Sign in"))


def require_proof(session: Session) -> None:
    """Stand in for a service that changes rights."""
    raise ReauthenticationNeeded("access.proof_needed", N_("Sign in"))


def divide(session: Session) -> None:
    """Stand in for a service with a bug."""
    raise ZeroDivisionError


@page("/", title=N_("Start"))
def start_page() -> None:
    """Greet who is signed in."""
    with shell(_("Customers"), current="", actor=page_actor(), nav=[]):
        paragraph(page_actor().person)


@page("/customers", permission=Permission.CUSTOMER_EDIT, title=N_("Customers"))
async def customers_page() -> None:
    """Offer buttons whose handlers end well, in a refusal, in a question and in a bug."""

    async def rename() -> None:
        if await call(rename_customers, "renamed"):
            paragraph("done")

    async def refused() -> None:
        await call(refuse)

    async def refused_without_call() -> None:
        try:
            await call_or_raise(refuse)
        except Conflict as error:
            show_refusal(error)

    async def rename_each() -> None:
        outcomes = await call_each(Permission.CUSTOMER_EDIT, ["C1"], rename_customers, too_many=TOO_MANY)
        if outcomes is not None:
            paragraph("each")

    async def ask() -> None:
        await call(require_proof)

    async def look() -> None:
        if await permitted_actor(Permission.TOKEN_EDIT) is None:
            return
        paragraph("looked")

    async def read_again() -> None:
        await read_as_current_user(lambda session: session.scalars(select(Customer)).all())
        paragraph("read")

    def broken() -> None:
        raise ZeroDivisionError

    with shell(_("Customers"), current="", actor=page_actor(), nav=[]):
        button("rename", rename, testid="action-rename")
        button("each", rename_each, testid="action-rename-each")
        button("refuse", refused, testid="action-refuse")
        button("refuse", refused_without_call, testid="action-refuse-without-call")
        button("ask", ask, testid="action-ask")
        button("look", look, testid="action-look")
        button("read", read_again, testid="action-read")
        button("break", partial(call, divide), testid="action-call-broken")
        button("break", broken, testid="action-break")
        button("say", lambda: paragraph(_("Customers")), testid="action-say")


@page("/customers/{code}", permission=Permission.CUSTOMER_VIEW, title=N_("Customers"))
async def customer_page(code: str) -> None:
    """Fail in an expected and in an unexpected way."""
    if code == "bug":
        raise ZeroDivisionError("secret of the inside")
    raise NotFound("customers.not_found", N_("Sign in"))


@page("/apply", public=True, title=N_("Start"))
def apply_page() -> None:
    """Be open to everyone."""
    paragraph("welcome")


serve_small_product()
