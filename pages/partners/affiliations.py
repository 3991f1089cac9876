"""Changes of upstream: the list, asking for one, and one with the consents, dates and what can be done."""

from datetime import date

from fastapi import Request
from sqlalchemy.orm import Session

from core.access import Actor
from core.clock import today
from core.errors import DomainError, InvalidInput
from core.i18n import N_, _
from core.kinds.kind import Reference, Refused
from core.kinds.standard import DAY
from core.limits import NOTE_LENGTH_MAX
from core.permissions import Permission
from models.partners.partners import Partner
from pages.applications.actions import find_upstreams
from pages.components.base.buttons import button, link_button
from pages.components.base.navigation import go_to
from pages.components.forms.fields import FormField, date_field, search_field, show_problems, text_field
from pages.components.layout import content
from pages.partners._affiliation_facts import draw_request, read_request
from pages.resources.inputs import find_references
from pages.shell.calls import call_or_raise, page, show_refusal
from pages.shell.navigation import staff_shell
from pages.shell.reading import read
from pages.web.identity import current_actor, page_actor
from services.partners.affiliation_requests import ask_affiliation
from services.partners.queries import find_partner

PATH = "/affiliation_requests"
_PARTNERS = Reference("partners", Partner.code, Partner.name)


def register_affiliations() -> None:
    """Register form and record."""
    page(f"{PATH}/new", permission=Permission.AFFILIATION_ASK, title=N_("Change of upstream"))(ask_page)
    page(f"{PATH}/{{number}}", permission=Permission.APPLICATION_VIEW, title=N_("Change of upstream"))(request_page)


def draw_ask_link(actor: Actor) -> None:
    """Draw the way to the form, for who may ask for a change."""
    if actor.can(Permission.AFFILIATION_ASK):
        link_button(_("Ask for a change"), f"{PATH}/new", look="primary", testid="action-new")


async def ask_page(request: Request) -> None:
    """Draw the form by which a partner's owner, or staff for it, asks for another upstream."""
    actor = page_actor()
    own = await read(actor, _partner, request.query_params.get("partner", ""))
    title = _("Change of upstream")
    async with staff_shell(title, current="affiliation_requests"):
        with content.page_header(title, crumbs={_("Changes of upstream"): PATH}):
            pass
        AskForm(actor, own).draw()


async def request_page(number: str) -> None:
    """Draw one change of upstream."""
    async with staff_shell(number, current="affiliation_requests") as actor:
        facts = await read(actor, read_request, number)
        draw_request(facts, actor, crumbs={_("Changes of upstream"): PATH})


class AskForm:
    """The form of a request: who moves, to whom, from which day, why."""

    def __init__(self, actor: Actor, partner: tuple[str, str, str] | None) -> None:
        self._actor = actor
        self._partner = partner
        self._fields: dict[str, FormField] = {}

    def draw(self) -> None:
        """Draw the inputs."""
        is_staff = self._actor.is_brand
        with content.stack(), content.panel(_("Who is to stand where")), content.stack():
            label = f"{self._partner[1]} · {self._partner[0]}" if self._partner else ""
            with content.form():
                self._fields["partner"] = search_field(
                    "partner",
                    _("Partner"),
                    self._find_partners,
                    self._partner[0] if self._partner else None,
                    value_label=label,
                    required=True,
                )
                if is_staff:
                    hint = _("Empty: directly under the brand.")
                    self._fields["upstream"] = search_field(
                        "upstream", _("New upstream"), self._find_upstreams, hint=hint
                    )
                else:
                    hint = _("The partner code that the new upstream gave you. Empty: directly under the brand.")
                    self._fields["upstream"] = text_field("upstream", _("New upstream"), hint=hint)
                self._fields["valid_from"] = date_field(
                    "valid_from", _("From the day"), today().isoformat(), required=True
                )
            self._fields["reason"] = text_field("reason", _("Reason"), multiline=True, max_length=NOTE_LENGTH_MAX)
            content.paragraph(
                _("The owner and the new upstream agree, the present upstream may object, then the brand decides.")
            )
            with content.row():
                button(_("Ask for it"), self._ask, look="primary", testid="action-save")
                link_button(_("Cancel"), PATH, testid="action-cancel-new")

    async def _ask(self) -> None:
        await current_actor()
        stated = {name: str(field.value or "").strip() for name, field in self._fields.items()}
        try:
            day = _day(stated["valid_from"])
            made = await call_or_raise(
                ask_affiliation, stated["partner"], stated["upstream"] or None, day, stated["reason"]
            )
        except DomainError as refused:
            fields = {name: problem.text for name, problem in refused.fields.items()}
            if show_problems(self._fields, fields) or not fields:
                show_refusal(refused)
            return
        go_to(f"{PATH}/{made.number}")

    async def _find_partners(self, text: str) -> dict[str, str]:
        return await read(await current_actor(), find_references, _PARTNERS, text)

    async def _find_upstreams(self, text: str) -> dict[str, str]:
        actor = await current_actor()
        own = await read(actor, _partner, str(self._fields["partner"].value or ""))
        return await read(actor, find_upstreams, own[2] if own else "", text)


def _partner(session: Session, code: str) -> tuple[str, str, str] | None:
    """Return (code, name, tier) of a partner; None for no code."""
    return find_partner(session, code) if code else None


def _day(text: str) -> date:
    try:
        day: date | None = DAY.parse_cell(text)
    except Refused as refused:
        problem = refused.problem
        raise InvalidInput(problem.code, problem.message, fields={"valid_from": problem}, **problem.values) from refused
    return day or today()
