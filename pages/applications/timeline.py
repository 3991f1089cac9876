"""The story of an application: each step with who and when, how long it waited, and who is awaited since when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from core.clock import now
from core.i18n import N_, _
from models.partners.applications import Application, ApplicationStatus
from pages.approvals.spans import span_text, waiting_text
from pages.components.layout.content import Step
from pages.components.layout.records import TimelineEntry, instant_text, short_instant_text, timeline
from pages.resources.value_texts import who_text
from services.applications.queries import application_events
from services.applications.states import APPLICANT_ACTOR

STORY_MAX = 100
SENTENCES: dict[str, str] = {
    "begun": N_("began the application"),
    "submitted": N_("submitted it"),
    "confirmed": N_("confirmed it for the upstream"),
    "declined": N_("declined it for the upstream"),
    "unanswered": N_("passed it on to the brand: the upstream did not answer in time"),
    "assigned": N_("put it under another upstream"),
    "returned": N_("returned it for change"),
    "approved": N_("approved it"),
    "refused": N_("refused it"),
    "withdrawn": N_("took it back"),
}
TONES = {"confirmed": "ok", "approved": "ok", "refused": "danger", "declined": "danger"}


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One step: who did what when, and after how long a wait."""

    action: str
    who: str
    at: datetime
    note: str
    waited: timedelta


def story_of(session: Session, application: Application) -> list[StoryLine]:
    """Return the steps of an application, oldest first, as far as the session's actor may know."""
    lines: list[StoryLine] = []
    for event in application_events(session, application.number, STORY_MAX):
        since = lines[-1].at if lines else event.at
        note = "；".join(str(event.data[name]) for name in ("reason", "note") if event.data.get(name))
        action = event.action.removeprefix("application.")
        lines.append(StoryLine(action, who_text(event.actor), event.at, note, event.at - since))
    return lines


def draw_story(story: Sequence[StoryLine], *, for_applicant: bool = False) -> None:
    """Draw the steps, the newest first. The applicant reads no names of the brand's people, and no notes among them."""
    happenings = []
    for line in reversed(story):
        who, note = whose(line.action) if line.who == APPLICANT_ACTOR.name else line.who, line.note
        if for_applicant:
            who = whose(line.action)
            note = note if line.action in ("returned", "refused") else ""
        waited = _("after {time}", time=span_text(line.waited)) if line.waited >= timedelta(minutes=1) else ""
        tone = TONES.get(line.action, "")
        what = _(SENTENCES[line.action]) if line.action in SENTENCES else line.action
        happenings.append(TimelineEntry(who, what, line.at, note=note, source=waited, tone=tone))  # type: ignore[arg-type]
    timeline(happenings, label=_("Its story"))


def whose(action: str) -> str:
    """Return who takes a step, without a name."""
    if action in ("begun", "submitted", "withdrawn"):
        return _("The applicant")
    if action in ("confirmed", "declined"):
        return _("The upstream")
    return _("The system") if action == "unanswered" else _("The brand")


def application_steps(application: Application, upstream: str) -> list[Step]:
    """Return the way of an application as a thin line of steps; the current one says since when and until when."""
    status = ApplicationStatus(application.status)
    steps = [_step(_("Applied"), application.submitted_at, is_current=status is ApplicationStatus.DRAFT)]
    if application.upstream_id is not None or application.upstream_word:
        label = _("Upstream: {name}", name=upstream) if upstream else _("Upstream")
        waits = status is ApplicationStatus.SUBMITTED
        steps.append(_step(label, application.upstream_at, is_current=waits, application=application))
    if status is ApplicationStatus.RETURNED:
        steps.append(Step(_("Returned for change"), since_text(application), "current"))
    waits = status is ApplicationStatus.UNDER_REVIEW
    steps.append(_step(_("Review by the brand"), application.decided_at, is_current=waits, application=application))
    ends = {
        ApplicationStatus.APPROVED: (_("Approved"), "done"),
        ApplicationStatus.REFUSED: (_("Refused"), "failed"),
        ApplicationStatus.WITHDRAWN: (_("Withdrawn"), "failed"),
    }
    label, state = ends.get(status, (_("Partner"), "open"))
    ended_at = application.decided_at if status in ends else None
    steps.append(Step(label, "", state, short_instant_text(ended_at)))  # type: ignore[arg-type]
    return steps


def awaited_text(application: Application, upstream: str) -> str:
    """Return who is awaited, since when and until when, in one sentence; "" if nobody is."""
    status = ApplicationStatus(application.status)
    values = {
        "name": upstream,
        "since": instant_text(application.waits_since),
        "until": instant_text(application.due_at) if application.due_at else "",
    }
    if status is ApplicationStatus.SUBMITTED:
        return _("{name} is asked to confirm, since {since}. Without an answer by {until} it goes on.", **values)
    if status is ApplicationStatus.UNDER_REVIEW:
        return _("The brand reviews it, since {since}. An answer is due by {until}.", **values)
    if status is ApplicationStatus.RETURNED:
        return _("Returned on {since}: the applicant has to change it and submit it again.", **values)
    return ""


def since_text(application: Application) -> str:
    """Return how long somebody is awaited, or by how much the answer is overdue."""
    if application.due_at is None:
        return _("waiting {time}", time=span_text(now() - application.waits_since))
    return waiting_text(application.waits_since, application.due_at)[0]


def is_late(application: Application) -> bool:
    """Return whether the answer is overdue."""
    return application.due_at is not None and application.due_at < now()


def _step(label: str, at: datetime | None, *, is_current: bool, application: Application | None = None) -> Step:
    if is_current:
        return Step(label, since_text(application) if application else "", "current")
    return Step(label, "", "done" if at else "open", short_instant_text(at))
