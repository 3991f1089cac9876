"""Pages of an application: for the applicant by a secret link, and for staff who enter one."""

from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response

from core.database.sessions import reading
from core.errors import DomainError, NotFound
from core.i18n import N_, _
from core.permissions import Permission
from models.partners.applications import Application, ApplicationStatus
from pages.apply._first_step import router as first_step
from pages.apply._form import ApplyForm
from pages.apply._queries import Inviter, read_application, read_fixed_upstream, read_licence
from pages.apply._status import draw_application_status
from pages.apply._submission import ApplicantChannel, StaffChannel
from pages.apply.visitor import read_as_applicant
from pages.components.base.assets import add_script, add_style
from pages.components.layout.content import notice, page_header
from pages.components.layout.link_card import add_link_style
from pages.components.layout.visitor_shell import visitor_shell
from pages.shell.calls import RECONNECT_S, page
from pages.shell.navigation import staff_shell
from pages.shell.reading import read
from pages.web.identity import page_actor
from pages.web.pictures import picture_answer
from pages.web.policies import PUBLIC
from services.applications.states import get_application, reception, require_application_status

_FILLED_IN = (ApplicationStatus.DRAFT, ApplicationStatus.RETURNED)


def register_apply(app: FastAPI) -> None:
    """Register ``/apply``, an applicant's own page and licence, and the form by which staff enter an application."""
    patient: dict[str, Any] = {"reconnect_timeout": RECONNECT_S}
    staff: dict[str, Any] = {"permission": Permission.PARTNER_EDIT, **patient}
    app.include_router(first_step)
    page("/apply/{token}", public=True, title=N_("Your application"), **patient)(applicant_page)
    page("/applications/new", title=N_("Enter an application"), **staff)(entry_page)
    page("/applications/{number}/edit", title=N_("Application"), **staff)(edit_page)
    app.get("/apply/{token}/licence", dependencies=[Depends(PUBLIC)], include_in_schema=False)(licence)


async def applicant_page(request: Request, token: str) -> None:
    """Draw the application of a link: the form while it is a draft, else its status."""
    held = await read_as_applicant(read_application, token)
    application = held.application
    with visitor_shell(_("Your application")):
        _add_assets()
        if application.status in _FILLED_IN:
            with page_header(_("Become a partner"), application.number):
                pass
            if application.reason:
                sentence = _("Returned for change: {reason}", reason=application.reason)
                notice(sentence, "warning", testid="returned")
            invited = await _fixed_upstream(application)
            ApplyForm(ApplicantChannel(token), invited=invited, application=application).draw()
        else:
            draw_application_status(held, token)


async def entry_page() -> None:
    """Draw the form with which staff enter an application."""
    title = _("Enter an application")
    async with staff_shell(title, current="applications"):
        _add_assets()
        with page_header(title, crumbs={_("Applications"): "/applications"}):
            pass
        ApplyForm(StaffChannel()).draw()


async def edit_page(number: str) -> None:
    """Draw the form with a draft, or with an application that was returned, for staff to edit."""
    application = await read(page_actor(), get_application, number)
    require_application_status(application, *_FILLED_IN)
    async with staff_shell(number, current="applications"):
        _add_assets()
        with page_header(number, crumbs={_("Applications"): "/applications"}):
            pass
        invited = await _fixed_upstream(application)
        ApplyForm(StaffChannel(number), invited=invited, application=application).draw()


def licence(request: Request, token: str) -> Response:
    """Serve the licence picture to the holder of the application's link."""
    with reading(reception()) as session:
        sha256 = read_licence(session, token)
    if not sha256:
        raise NotFound("applications.no_licence", N_("There is no picture of a licence."))
    return picture_answer(request.headers, sha256)


async def _fixed_upstream(application: Application) -> Inviter | None:
    try:
        return await read_as_applicant(read_fixed_upstream, application)
    except DomainError:
        return None  # it stays in the form as it was typed, and submitting says what is wrong with it


def _add_assets() -> None:
    add_style("apply.css")
    add_link_style()
    add_script("apply.js")
