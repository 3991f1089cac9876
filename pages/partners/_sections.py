"""What a partner's record tells besides its fields: how it became a partner, and under whom it stood since when."""

from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from sqlalchemy.orm import Session

from core.access import Actor
from core.i18n import _
from core.permissions import Permission
from models.partners.affiliation_requests import STATUS_LABELS as REQUEST_LABELS
from models.partners.affiliation_requests import AffiliationRequest, RequestStatus
from models.partners.applications import STATUS_LABELS, Application, ApplicationStatus
from pages.applications.timeline import StoryLine, draw_story, story_of
from pages.components.base.buttons import link_button, text_link
from pages.components.layout import content
from pages.components.layout.records import LineColumn, line_table
from pages.resources.sections import Record
from pages.shell.reading import read
from services.applications.queries import applications_of_partner
from services.partners.queries import partner_id_of, partner_labels, requests_of, stays_of

SHOWN_MAX = 20


@dataclass(frozen=True, slots=True)
class PartnerStory:
    """Applications with their steps, stays under upstreams (name, from, to), and changes of upstream of a partner."""

    applications: list[tuple[Application, list[StoryLine]]]
    stays: list[tuple[str, date, date | None]]
    requests: list[AffiliationRequest]


async def draw_partner_story(record: Record, actor: Actor) -> None:
    """Draw the sections for who may see applications."""
    if not actor.can(Permission.APPLICATION_VIEW):
        return
    story = await read(actor, read_story, record.key)
    with content.panel(_("Under whom it stands")), content.stack():
        _draw_stays(story)
        for request in story.requests:
            label = _(REQUEST_LABELS[RequestStatus(request.status)][0])
            with content.row():
                words = f"{request.number} · {request.valid_from.isoformat()}"
                text_link(words, f"/affiliation_requests/{request.number}")
                content.chip(label, content.tone_of(request.status))
        if actor.can(Permission.AFFILIATION_ASK) and record.row.get("status") == "active":
            href = f"/affiliation_requests/new?partner={quote(record.key, safe='')}"
            with content.row():
                link_button(_("Change of upstream"), href, testid="action-change-upstream")
    for application, lines in story.applications:
        with content.panel(_("How it became a partner")), content.stack():
            with content.row():
                text_link(application.number, f"/applications/{application.number}")
                status = ApplicationStatus(application.status)
                content.chip(_(STATUS_LABELS[status][0]), content.tone_of(status.value))
            draw_story(lines)


def read_story(session: Session, code: str) -> PartnerStory:
    """Return what is known of a partner's applications and upstreams."""
    partner_id = partner_id_of(session, code)
    stays = stays_of(session, partner_id, SHOWN_MAX)
    labels = partner_labels(session, [upstream_id for upstream_id, _from, _to in stays])
    names = {number: name for number, (_code, name) in labels.items()}
    return PartnerStory(
        [(one, story_of(session, one)) for one in applications_of_partner(session, partner_id, SHOWN_MAX)],
        [(_name(upstream_id, names), since, until) for upstream_id, since, until in stays],
        requests_of(session, partner_id, SHOWN_MAX),
    )


def _draw_stays(story: PartnerStory) -> None:
    columns = [
        LineColumn("upstream", _("Upstream")),
        LineColumn("from", _("From the day")),
        LineColumn("to", _("Until")),
    ]
    rows = [
        {"upstream": name, "from": since.isoformat(), "to": until.isoformat() if until else _("until now")}
        for name, since, until in story.stays
    ]
    line_table(columns, rows, caption=_("Under whom it stands"), testid="stays")


def _name(upstream_id: int | None, names: dict[int, str]) -> str:
    if upstream_id is None:
        return _("the brand itself")
    return names.get(upstream_id, _("another partner"))
