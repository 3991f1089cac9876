"""Invites: the list, making one, and one to show, print or send: its code, its link and its QR picture."""

from functools import partial

from sqlalchemy.orm import Session

from core.access import Actor
from core.clock import now
from core.database.sessions import actor_of
from core.errors import DomainError
from core.i18n import N_, _
from core.limits import NOTE_LENGTH_MAX
from core.permissions import Permission
from models.partners.applications import STATUS_LABELS, ApplicationStatus
from models.partners.invites import Invite
from models.partners.partners import Partner
from models.partners.tiers import TIERS
from pages.applications.actions import find_upstreams
from pages.components.base.assets import add_style
from pages.components.base.buttons import button, link_button
from pages.components.base.design_tokens import Tone
from pages.components.base.elements import Tag
from pages.components.base.navigation import go_to, load_again
from pages.components.forms.dialogs import confirm
from pages.components.forms.fields import (
    FormField,
    check_field,
    choice_field,
    number_field,
    search_field,
    show_problems,
    text_field,
)
from pages.components.layout import content as page_content
from pages.components.layout.link_card import add_link_style, full_address, link_card
from pages.components.layout.records import Cell, LineColumn, instant_text, line_table
from pages.shell.calls import call_or_raise, page, show_refusal
from pages.shell.navigation import staff_shell
from pages.shell.reading import read
from pages.web.identity import current_actor
from services.applications.invites import (
    DAYS_MAX,
    USES_MAX,
    InviteDraft,
    invite_path,
    make_invite,
    revoke_invites,
    tiers_below,
)
from services.applications.queries import invite_with_uses
from services.partners.queries import partner_tier

USED_SHOWN = 50
LASTING = {"7": N_("7 days"), "30": N_("30 days"), "90": N_("90 days"), str(DAYS_MAX): N_("a year")}


def register_invites() -> None:
    """Register form and record."""
    page("/invites/new", permission=Permission.INVITE_EDIT, title=N_("New invite"))(new_invite_page)
    page("/invites/{code}", permission=Permission.INVITE_EDIT, title=N_("Invite"))(invite_page)


async def new_invite_page() -> None:
    """Draw the form for a new invite."""
    title = _("New invite")
    async with staff_shell(title, current="invites") as actor:
        add_style("apply.css")
        with page_content.page_header(title, crumbs={_("Invites"): "/invites"}):
            pass
        own = await read(actor, _own_partner)
        NewInvite(actor, own).draw()


class NewInvite:
    """The form for a new invite: whom to stand under, for which tiers, how often, how long."""

    def __init__(self, actor: Actor, own: tuple[str, str, str] | None) -> None:
        self._actor = actor
        self._own = own
        self._fields: dict[str, FormField] = {}

    def draw(self) -> None:
        """Draw the inputs."""
        with page_content.stack(), page_content.panel(_("Who may apply with it")), page_content.stack():
            with page_content.form():
                label = f"{self._own[1]} · {self._own[0]}" if self._own else ""
                self._fields["partner"] = search_field(
                    "partner",
                    _("Invites to stand under"),
                    self._find_partners,
                    self._own[0] if self._own else None,
                    value_label=label,
                    hint="" if self._own else _("Empty: directly under the brand."),
                    on_change=self._partner_changed,
                )
                self._fields["uses"] = number_field("uses", _("May be used"), "1", unit=_("times"))
                choices = {days: _(words) for days, words in LASTING.items()}
                self._fields["days"] = choice_field("days", _("Valid for"), choices, "30")
                self._fields["note"] = text_field(
                    "note", _("Note"), hint=_("For you: where it was given out."), max_length=NOTE_LENGTH_MAX
                )
            Tag("span", _("For the tiers"), "qd-label")
            self._tiers_box = Tag("div", css="qd-tier-choices", role="group", aria_label=_("For the tiers"))
            self._tier_problem = Tag("span", "", "qd-problem", role="alert")
            self._draw_tiers(self._own[2] if self._own else None)
            with page_content.row():
                button(_("Make the invite"), self._make, look="primary", testid="action-save")
                link_button(_("Cancel"), "/invites", testid="action-cancel-new")

    def _draw_tiers(self, upstream_tier: str | None) -> None:
        self._tiers_box.clear()
        self._tiers: dict[str, FormField] = {}
        with self._tiers_box:
            for code in tiers_below(upstream_tier):
                self._tiers[code] = check_field(f"tier-{code}", _(TIERS[code].label), code == "dealer")

    async def _partner_changed(self) -> None:
        code = self._fields["partner"].value
        tier = await read(await current_actor(), partner_tier, str(code)) if code else None
        self._draw_tiers(tier)

    async def _find_partners(self, text: str) -> dict[str, str]:
        return await read(await current_actor(), find_upstreams, "micro_merchant", text)

    async def _make(self) -> None:
        await current_actor()
        uses = str(self._fields["uses"].value or "").strip()
        draft = InviteDraft(
            partner=self._fields["partner"].value or None,
            tiers=tuple(code for code, field in self._tiers.items() if field.value),
            uses_max=int(uses) if uses.isascii() and uses.isdigit() and len(uses) < 7 else 0,
            days=int(self._fields["days"].value or 0),
            note=str(self._fields["note"].value or ""),
        )
        try:
            made = await call_or_raise(make_invite, draft)
        except DomainError as refused:
            fields = {name: problem.text for name, problem in refused.fields.items()}
            self._tier_problem.text = fields.pop("tiers", "")
            shown = {"uses": fields["uses_max"]} if "uses_max" in fields else fields
            if show_problems(self._fields, shown) or not refused.fields:
                show_refusal(refused)
            return
        go_to(f"/invites/{made.code}")


async def invite_page(code: str) -> None:
    """Draw one invite to show, print or send."""
    async with staff_shell(code, current="invites") as actor:
        add_style("apply.css")
        add_link_style()
        invite, partner, used = await read(actor, invite_with_uses, code, USED_SHOWN)
        state, tone = _state(invite)
        under = partner or _("directly under the brand")
        with page_content.page_header(
            _("Invite"), under, chip_text=state, tone=tone, crumbs={_("Invites"): "/invites"}
        ):
            if tone == "approved":
                revoke = partial(_revoke, code)
                button(_("Take back"), revoke, look="danger", testid="action-revoke")
        with page_content.columns() as (content, rail):
            with content:
                if tone == "approved":
                    _draw_code(invite)
                with page_content.panel(_("Who applied with it")):
                    _draw_used(used)
            with rail, page_content.panel(_("Terms")):
                page_content.kv(_terms(invite), pairs=1)


def _draw_code(invite: Invite) -> None:
    code = invite.code
    url = full_address(invite_path(invite))
    with page_content.panel(_("To show, print or send")), page_content.stack():
        Tag("b", f"{code[:4]} {code[4:]}", "qd-invite-code", testid="invite-code")
        words = _("Whoever scans the picture, opens the link or types the code applies to stand there.")
        link_card(_("Link"), url, note=words)


def _draw_used(used: list[tuple[str, str, str]]) -> None:
    if not used:
        page_content.paragraph(_("Nobody yet."))
        return
    columns = [
        LineColumn("number", _("Application number")),
        LineColumn("name", _("Applicant")),
        LineColumn("status", _("Status")),
    ]
    rows: list[dict[str, str | Cell]] = []
    for number, name, status in used:
        label = _(STATUS_LABELS[ApplicationStatus(status)][0])
        chip = partial(page_content.chip, label, page_content.tone_of(status))
        link = Cell(number, href=f"/applications/{number}")
        rows.append({"number": link, "name": name, "status": Cell(draw=chip)})
    line_table(columns, rows, caption=_("Who applied with it"))


def _terms(invite: Invite) -> dict[str, object]:
    return {
        _("For the tiers"): "、".join(_(TIERS[code].label) for code in invite.tier_codes if code in TIERS),
        _("Used"): _("{used} of {most}", used=invite.used_count, most=min(invite.uses_max, USES_MAX)),
        _("Valid until"): instant_text(invite.expires_at),
        _("Made by"): invite.made_by,
        _("Note"): invite.note,
    }


def _state(invite: Invite) -> tuple[str, Tone]:
    if invite.revoked_at is not None:
        return _("Taken back"), "rejected"
    if invite.expires_at <= now():
        return _("Expired"), "done"
    return (_("Used up"), "done") if invite.used_count >= invite.uses_max else (_("Valid"), "approved")


def _own_partner(session: Session) -> tuple[str, str, str] | None:
    partner = session.get(Partner, actor_of(session).partner_id) if actor_of(session).partner_id else None
    return (partner.code, partner.name, partner.tier) if partner else None


async def _revoke(code: str) -> None:
    await current_actor()
    question = _("Take invite {code} back?", code=code)
    sentence = _("From now on nobody can use it. Who has applied already is not affected.")
    if await confirm(question, sentence, yes=_("Take back"), danger=True) is None:
        return
    try:
        await call_or_raise(revoke_invites, [code])
    except DomainError as refused:
        show_refusal(refused)
    else:
        load_again()
