"""What the inbox and the record of applications read: what waits for whom, and all there is to know before deciding."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.access import Actor
from core.database.sessions import actor_of
from core.errors import Problem
from core.i18n import _
from core.permissions import Permission
from models.partners.applications import STATUS_LABELS, Application, ApplicationStatus
from models.partners.invites import Invite
from models.partners.partners import Partner
from models.partners.tiers import TIERS
from models.regions.resolving import region
from models.regions.table import is_inside
from pages.applications.timeline import StoryLine, is_late, since_text, story_of
from pages.components.layout.records import instant_text
from pages.components.layout.views import ListItem
from services.accounts.users import people_names
from services.applications.approval import is_own_application, may_speak_for_upstream
from services.applications.hints import Duplicate, duplicates_of, findings_of
from services.applications.queries import owner_account_status
from services.applications.queues import ENDED
from services.applications.states import get_application


@dataclass(frozen=True, slots=True)
class ApplicationFacts:
    """Everything to know before deciding about an application.

    Attributes:
        names: Person → name as people know them.
        duplicates, findings: For those who decide for the brand, else empty.
        account: Status of the owner's account, "" for none.
    """

    application: Application
    upstream: Partner | None
    partner: Partner | None
    invite: str
    names: dict[str, str]
    story: Sequence[StoryLine]
    account: str
    duplicates: Sequence[Duplicate] = ()
    findings: Sequence[Problem] = ()


def read_application_facts(session: Session, number: str) -> ApplicationFacts:
    """Return what is known about an application. Raises ``NotFound`` ``applications.not_found``."""
    application = get_application(session, number)
    is_open = application.status not in ENDED
    decides = is_open and actor_of(session).can(Permission.APPLICATION_DECIDE)
    invite = session.get(Invite, application.invite_id) if application.invite_id else None
    people = [application.upstream_by, application.decided_by, application.entered_by or None]
    return ApplicationFacts(
        application,
        session.get(Partner, application.upstream_id) if application.upstream_id else None,
        session.get(Partner, application.partner_id) if application.partner_id else None,
        invite.code if invite else "",
        people_names(session, people),
        story_of(session, application),
        owner_account_status(session, application) if application.status == ApplicationStatus.APPROVED else "",
        duplicates_of(session, application) if decides else (),
        findings_of(session, application) if decides else (),
    )


def inbox_item(application: Application) -> ListItem:
    """Return an application as a line of the inbox."""
    tier = _(TIERS[application.tier].label) if application.tier in TIERS else ""
    status = ApplicationStatus(application.status)
    has_ended = status.value in ENDED
    age = instant_text(application.updated_at) if has_ended else since_text(application)
    where = region(application.region or "")
    note = " · ".join(part for part in (_(STATUS_LABELS[status][0]), where.full_name if where else "") if part)
    return ListItem(application.number, application.name or application.number, tier, note, age, is_late(application))


def can_act(actor: Actor, application: Application) -> bool:
    """Return whether an actor can decide something about an application now."""
    status = ApplicationStatus(application.status)
    if is_own_application(actor, application):
        return False
    if actor.can(Permission.APPLICATION_DECIDE):
        return status in (ApplicationStatus.SUBMITTED, ApplicationStatus.UNDER_REVIEW)
    return status is ApplicationStatus.SUBMITTED and may_speak_for_upstream(actor, application)


def coverage_text(stated: str | None, covering: str | None) -> str:
    """Return how an upstream's region stands to the applicant's, as people read it."""
    here, there = region(stated or ""), region(covering or "")
    if here is None or there is None:
        return _("not known")
    if is_inside(here, there):
        return _("inside {region}", region=there.full_name)
    for level, words in ((2, _("same city, another county: {region}")), (1, _("same province: {region}"))):
        if here.code[: level * 2] == there.code[: level * 2]:
            return words.replace("{region}", there.full_name)
    return _("another province: {region}", region=there.full_name)
