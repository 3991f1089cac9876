"""Everything a reviewer needs to decide about an application, drawn on one screen."""

from functools import partial

from core.access import Actor
from core.addresses import record_path
from core.i18n import _
from core.kinds import uscc
from core.permissions import Permission
from models.partners.applications import STATUS_LABELS, WAITING, WORD_LABELS, ApplicationStatus, UpstreamAnswer
from models.partners.partners import STATUS_LABELS as PARTNER_LABELS
from models.partners.partners import PartnerStatus
from models.partners.tiers import TIERS
from pages.applications._queries import ApplicationFacts, coverage_text
from pages.applications.timeline import awaited_text
from pages.components.base.buttons import text_link
from pages.components.base.elements import Tag
from pages.components.forms.photos import photo_view
from pages.components.layout.content import chip, kv, notice, row, tone_of
from pages.components.layout.records import instant_text
from pages.resources.value_texts import value_text
from resources.applications import APPLICATIONS


def draw_application_facts(facts: ApplicationFacts, actor: Actor) -> None:
    """Draw an application as those need it who decide: who waits, what looks odd, what was stated, the licence."""
    application = facts.application
    status = ApplicationStatus(application.status)
    with row():
        with Tag("h2", css="qd-heading"):
            text_link(application.name or application.number, f"/applications/{application.number}")
        chip(_(STATUS_LABELS[status][0]), tone_of(status.value))
    draw_notices(facts, actor)
    with Tag("div", css="qd-facts-beside"):
        kv(stated(facts, actor), pairs=1)
        draw_licence(facts)


def draw_notices(facts: ApplicationFacts, actor: Actor) -> None:
    """Draw who is awaited, what the upstream said, and what to look at before deciding."""
    application = facts.application
    status, upstream = application.status, facts.upstream.name if facts.upstream else ""
    if awaited := awaited_text(application, upstream):
        notice(awaited, "info", testid="awaited")
    if application.upstream_word:
        _draw_word(facts)
    if application.reason:
        notice(_("Reason: {reason}", reason=application.reason), "info", testid="reason")
    if facts.duplicates:
        sentence = _("Perhaps it is a partner already:")
        with notice(sentence, "warning", testid="duplicates"), Tag("ul"):
            for one in facts.duplicates:
                with Tag("li"):
                    text_link(f"{one.name} · {one.code}", record_path("partners", one.code))
                    label = _(PARTNER_LABELS[PartnerStatus(one.status)][0])
                    Tag("span", f" · {label} · {one.why.text}")
    elif actor.can(Permission.APPLICATION_DECIDE) and status in WAITING:
        notice(_("No partner with this code, phone or a similar name is known."), "ok", testid="no-duplicates")
    if facts.findings:
        items = [one.text for one in facts.findings]
        notice(_("Look at this before you decide:"), "warning", items=items, testid="findings")


def stated(facts: ApplicationFacts, actor: Actor) -> dict[str, object]:
    """Return the facts, label to what is shown."""
    application = facts.application

    def shown(name: str) -> str:
        return value_text(APPLICATIONS.field(name).kind, getattr(application, name))

    rows: dict[str, object] = {
        _("Applicant"): application.name,
        _("Tier"): _(TIERS[application.tier].label) if application.tier in TIERS else "",
        _("Social credit code"): _code_text(application.uscc),
        _("Region"): shown("region"),
        _("Contact"): application.contact,
        _("Phone"): shown("phone"),
        _("E-mail"): application.email,
        _("Address"): application.address,
        _("Upstream"): partial(_draw_upstream, facts),
        _("Region of the upstream"): coverage_text(application.region, facts.upstream.region) if facts.upstream else "",
        _("Invite code"): facts.invite,
        _("Submitted at"): shown("submitted_at") if application.submitted_at is None else None,
        _("Note"): application.note,
    }
    if application.submitted_at is not None:
        rows[_("Submitted at")] = instant_text(application.submitted_at)
    if application.entered_by:
        rows[_("Entered by")] = facts.names.get(application.entered_by, application.entered_by)
    if facts.partner is not None and actor.can(Permission.PARTNER_VIEW):
        rows[_("Partner")] = partial(text_link, facts.partner.code, record_path("partners", facts.partner.code))
    return rows


def draw_licence(facts: ApplicationFacts) -> None:
    """Draw the picture of the licence, or that there is none."""
    application = facts.application
    if application.licence_sha256:
        url = f"/applications/{application.number}/licence"
        photo_view(url, _("Photo of the business licence"), note=_("Business licence"), testid="licence")
    else:
        Tag("p", _("No photo of a licence was handed in."), "qd-hint")


def _draw_word(facts: ApplicationFacts) -> None:
    application = facts.application
    word = UpstreamAnswer(application.upstream_word or "")
    parts = [_(WORD_LABELS[word][0])]
    if application.upstream_by:
        parts.append(facts.names.get(application.upstream_by, application.upstream_by))
    if application.upstream_at:
        parts.append(instant_text(application.upstream_at))
    if application.upstream_note:
        parts.append(application.upstream_note)
    is_good = word in (UpstreamAnswer.CONFIRMED, UpstreamAnswer.ON_BEHALF)
    notice(" · ".join(parts), "ok" if is_good else "warning", testid="upstream-word")


def _draw_upstream(facts: ApplicationFacts) -> None:
    if facts.upstream is None:
        words = _("directly under the brand") if facts.application.status == "approved" else _("The brand decides")
        Tag("span", words)
        return
    text_link(facts.upstream.name, record_path("partners", facts.upstream.code))
    label = _(PARTNER_LABELS[PartnerStatus(facts.upstream.status)][0])
    Tag("span", f" · {_(TIERS[facts.upstream.tier].label)} · {label}")


def _code_text(code: str | None) -> str:
    if not code:
        return ""
    if uscc.is_valid(code):
        return _("{code}, both checks right", code=code)
    return code
