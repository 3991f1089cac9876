"""Applications as staff and upstreams see them: the list of all, and one with its way, its story, what can be done."""

from functools import partial

from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response
from nicegui import context
from starlette.concurrency import run_in_threadpool

from core.access import Actor
from core.database.sessions import reading
from core.errors import DomainError, NotFound
from core.i18n import N_, _
from core.permissions import Permission
from core.settings import settings
from models.accounts.users import UserStatus
from models.partners.applications import STATUS_LABELS, ApplicationStatus
from pages.applications._facts import draw_licence, draw_notices, stated
from pages.applications._queries import ApplicationFacts, read_application_facts
from pages.applications.actions import ApplicationActions
from pages.applications.inbox import inbox_page
from pages.applications.timeline import application_steps, draw_story
from pages.components.base.assets import add_style
from pages.components.base.buttons import button, link_button
from pages.components.base.elements import Tag
from pages.components.base.navigation import load_again
from pages.components.forms.dialogs import confirm, drawer
from pages.components.forms.fields import text_field
from pages.components.layout.content import columns, kv, notice, page_header, panel, paragraph, stack, steps, tone_of
from pages.shell.calls import call, page, show_refusal
from pages.shell.navigation import staff_shell
from pages.shell.page_lifetime import end_with_page
from pages.shell.reading import read
from pages.web.identity import current_actor, require_actor
from pages.web.pictures import picture_answer
from pages.web.policies import permitted
from services.applications.applicant import withdraw_application
from services.applications.owners import owner_link
from services.applications.states import get_application


def register_applications(app: FastAPI) -> None:
    """Register inbox, record and licence; after ``/applications/new``, as a number may be any text."""
    seen = Permission.APPLICATION_VIEW
    page("/applications/review", permission=seen, title=N_("Applications"))(inbox_page)
    page("/applications/{number}", permission=seen, title=N_("Application"))(application_page)
    licence = app.get(
        "/applications/{number}/licence", dependencies=[Depends(permitted(seen))], include_in_schema=False
    )
    licence(licence_of)


async def application_page(number: str) -> None:
    """Draw one application."""
    async with staff_shell(number, current="applications") as actor:
        add_style("applications.css")
        add_style("photos.css")
        facts = await read(actor, read_application_facts, number)
        application = facts.application
        status = ApplicationStatus(application.status)
        label, _tone = STATUS_LABELS[status]
        with page_header(
            application.name or number,
            number,
            chip_text=_(label),
            tone=tone_of(status.value),
            crumbs={_("Applications"): "/applications"},
        ):
            _draw_steps(facts, actor)
        steps(application_steps(application, facts.upstream.name if facts.upstream else ""))
        problem = Tag("div").style("display:contents")
        with Tag("div", css="qd-decide"):
            ApplicationActions(application, actor, _load, partial(_say, problem)).draw()
        with columns() as (content, rail):
            with content:
                with stack():
                    draw_notices(facts, actor)
                with panel(_("What was stated")):
                    kv(stated(facts, actor))
            with rail:
                with panel(_("Business licence")):
                    draw_licence(facts)
                with panel(_("Its story")):
                    draw_story(facts.story)


def licence_of(request: Request, number: str) -> Response:
    """Answer the picture of a licence to who may see the application."""
    with reading(require_actor(request)) as session:
        sha256 = get_application(session, number).licence_sha256
    if sha256 is None:
        raise NotFound("applications.no_licence", N_("There is no picture of a licence."))
    return picture_answer(request.headers, sha256)


def _draw_steps(facts: ApplicationFacts, actor: Actor) -> None:
    """Draw what staff can do for the applicant."""
    application = facts.application
    number, status = application.number, ApplicationStatus(application.status)
    is_open = status in (ApplicationStatus.DRAFT, ApplicationStatus.RETURNED)
    if actor.can(Permission.PARTNER_EDIT) and is_open:
        link_button(_("Go on filling in"), f"/applications/{number}/edit", testid="action-edit")
        button(_("Take back"), partial(_withdraw, number), testid="action-withdraw")
    if actor.can(Permission.APPLICATION_DECIDE) and facts.account == UserStatus.INVITED:
        shown = Tag("div").style("display:contents")
        button(_("Link to sign in"), partial(_show_link, number, shown), testid="action-link")


async def _show_link(number: str, shown: Tag) -> None:
    try:
        with end_with_page():
            path = await run_in_threadpool(owner_link, await current_actor(), number)
    except DomainError as refused:
        show_refusal(refused)
        return
    base = settings().public_url or str(context.client.request.base_url)
    shown.clear()
    with shown, drawer(_("Link to sign in")) as show:
        paragraph(_("Send this link to the new owner. It opens once, within three days, to choose a password."))
        text_field("link", _("Link"), base.rstrip("/") + path, wide=True)
    show()


async def _withdraw(number: str) -> None:
    await current_actor()
    question = _("Take application {number} back?", number=number)
    sentence = _("It ends here. The applicant can apply anew whenever they like.")
    reason = await confirm(question, sentence, yes=_("Take back"), danger=True, reason=_("Reason"))
    if reason is not None:
        done = await call(withdraw_application, number, reason)
        if done is not None:
            load_again()


async def _load() -> None:
    load_again()


async def _say(place: Tag, sentence: str) -> None:
    place.clear()
    with place:
        notice(sentence, "danger", testid="problem")
