"""Status page of a submitted application: its status, who has to act, what comes next."""

from functools import partial

from core.errors import DomainError
from core.i18n import _
from models.accounts.users import UserStatus
from models.partners.applications import STATUS_LABELS, Application, ApplicationStatus
from models.partners.tiers import TIERS
from pages.applications.timeline import application_steps, awaited_text, draw_story
from pages.apply._queries import ApplicantView
from pages.apply.visitor import run_as_applicant, use_visitor_language
from pages.components.base.buttons import button, link_button, text_link
from pages.components.base.elements import Tag
from pages.components.base.navigation import go_to, load_again
from pages.components.forms.dialogs import confirm
from pages.components.layout.content import kv, notice, page_header, panel, paragraph, row, stack, steps, tone_of
from pages.components.layout.link_card import full_address, link_card
from pages.resources.value_texts import value_text
from pages.shell.calls import show_refusal
from resources.applications import APPLICATIONS
from services.applications.applicant import withdraw_application
from services.applications.owners import welcome_link

STATED = ("tier", "name", "uscc", "region", "address", "contact", "phone", "email")
_WAITING = (ApplicationStatus.SUBMITTED, ApplicationStatus.UNDER_REVIEW)


def draw_application_status(held: ApplicantView, token: str) -> None:
    """Draw a submitted application for its applicant."""
    application = held.application
    status = ApplicationStatus(application.status)
    label, _tone = STATUS_LABELS[status]
    with page_header(_("Your application"), application.number, chip_text=_(label), tone=tone_of(status.value)):
        if status in _WAITING:
            button(_("Take back"), partial(_withdraw, token, application.number), testid="action-withdraw")
    with stack():
        steps(application_steps(application, held.upstream))
        _draw_next(held, token)
        with panel(_("What you stated")):
            kv(submitted_facts(application, held.upstream), pairs=1)
            if application.licence_sha256:
                text_link(_("Photo of the business licence"), f"/apply/{token}/licence", testid="licence")
        with panel(_("Its story")):
            draw_story(held.story, for_applicant=True)
        draw_link(f"/apply/{token}", _("Keep the link to this page"))


def submitted_facts(application: Application, upstream: str) -> dict[str, object]:
    """Return the submitted values, label → text."""
    facts: dict[str, object] = {}
    for name in STATED:
        field = APPLICATIONS.field(name)
        facts[_(field.label)] = value_text(field.kind, getattr(application, name))
    facts[_("Tier")] = _(TIERS[application.tier].label) if application.tier in TIERS else ""
    facts[_("Upstream")] = upstream or _("The brand decides")
    facts[_("Note")] = application.note
    return facts


def draw_link(path: str, words: str) -> None:
    """Draw the applicant's own link under ``words``, as text and as a picture to scan with another phone."""
    Tag("qudao-keep", path=path)
    with Tag("details", css="qd-panel qd-apply-link", testid="own-link"):
        Tag("summary", words)
        with Tag("div", css="qd-panel-body"):
            paragraph(_("Come back with this link, and keep it to yourself: it opens your data."))
            link_card(_("Your link"), full_address(path))


def _draw_next(held: ApplicantView, token: str) -> None:
    """Draw the next step."""
    application = held.application
    status = ApplicationStatus(application.status)
    if status in _WAITING:
        notice(awaited_text(application, held.upstream), "info", testid="awaited")
    elif status is ApplicationStatus.APPROVED:
        _draw_welcome(held, token)
    elif status is ApplicationStatus.REFUSED:
        notice(_("The application was refused: {reason}", reason=application.reason or ""), "danger")
        link_button(_("Apply anew"), "/apply", testid="action-anew")
    else:
        notice(_("The application was taken back."), "info")
        link_button(_("Apply anew"), "/apply", testid="action-anew")


def _draw_welcome(held: ApplicantView, token: str) -> None:
    if held.account == UserStatus.INVITED:
        notice(_("Welcome! You are a partner now. Choose a password, and sign in with your e-mail."), "ok")
        with row():
            chooser = partial(_choose_password, token)
            button(_("Choose a password"), chooser, look="primary", testid="action-welcome")
        return
    notice(_("Welcome! You are a partner now."), "ok")
    if held.account:
        with row():
            link_button(_("Sign in"), "/login", look="primary", testid="action-sign-in")


async def _choose_password(token: str) -> None:
    try:
        go_to(await run_as_applicant(token, welcome_link))
    except DomainError as refused:
        show_refusal(refused)


async def _withdraw(token: str, number: str) -> None:
    use_visitor_language()
    question = _("Take application {number} back?", number=number)
    sentence = _("It ends here. You can apply anew whenever you like.")
    if await confirm(question, sentence, yes=_("Take back"), danger=True) is None:
        return
    try:
        await run_as_applicant(token, withdraw_application)
    except DomainError as refused:
        show_refusal(refused)
    else:
        load_again()
