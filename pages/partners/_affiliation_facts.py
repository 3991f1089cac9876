"""One change of upstream: who is to move where, who has agreed when, and the next steps of the viewer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from core.access import Actor
from core.addresses import record_path
from core.i18n import _
from core.permissions import Permission
from models.partners.affiliation_requests import (
    ANSWER_LABELS,
    OPEN,
    STATUS_LABELS,
    AffiliationRequest,
    Consent,
    RequestStatus,
)
from pages.approvals.spans import deadline_text
from pages.components.base.buttons import button, text_link
from pages.components.base.navigation import load_again
from pages.components.forms.dialogs import confirm
from pages.components.layout import content as page_content
from pages.components.layout.records import TimelineEntry, instant_text, short_instant_text, timeline
from pages.resources.history import history_of
from pages.shell.calls import call
from resources.affiliation_requests import AFFILIATION_REQUESTS
from services.accounts.users import people_names
from services.partners.affiliation_requests import object_to_affiliation, withdraw_affiliation
from services.partners.affiliation_states import roles_of
from services.partners.approval import (
    agree_to_affiliation,
    approve_affiliation,
    decline_affiliation,
    is_own_request,
    reject_affiliation,
)
from services.partners.queries import find_request, partner_labels, party_labels


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """A change of upstream as its page shows it.

    Attributes:
        partners: Row number → (code, name) of those the viewer may read here.
        linked: Row numbers of those whose record the viewer may open.
        names: Person → name as people know them.
    """

    request: AffiliationRequest
    partners: Mapping[int, tuple[str, str]]
    linked: frozenset[int]
    names: Mapping[str, str]
    history: Sequence[TimelineEntry]

    def name_of(self, partner_id: int | None) -> str:
        """Return a partner's name; of one that the viewer may not know, that it is another partner."""
        if partner_id is None:
            return _("the brand itself")
        return self.partners[partner_id][1] if partner_id in self.partners else _("another partner")


def read_request(session: Session, number: str) -> RequestFacts:
    """Return a change of upstream. Raises ``NotFound`` ``affiliations.not_found``."""
    request = find_request(session, number)
    people = [request.asked_by, request.owner_by, request.upstream_by, request.objected_by, request.decided_by]
    visible = partner_labels(session, (request.partner_id, request.from_upstream_id, request.to_upstream_id))
    return RequestFacts(
        request,
        party_labels(session, request) | visible,
        frozenset(visible),
        people_names(session, people),
        history_of(session, AFFILIATION_REQUESTS, number),
    )


def draw_request(facts: RequestFacts, actor: Actor, *, crumbs: Mapping[str, str]) -> None:
    """Draw a change of upstream as the whole page."""
    request = facts.request
    status = RequestStatus(request.status)
    label, _tone = STATUS_LABELS[status]
    moving, above = facts.name_of(request.partner_id), facts.name_of(request.to_upstream_id)
    title = _("{name} under {upstream}", name=moving, upstream=above)
    with page_content.page_header(
        title, request.number, chip_text=_(label), tone=page_content.tone_of(status.value), crumbs=dict(crumbs)
    ):
        _draw_actions(request, actor)
    page_content.steps(request_steps(facts))
    with page_content.columns() as (content, rail):
        with content:
            draw_request_facts(facts)
        if facts.history:  # nobody else's branch tells its story to the upstream that is asked
            with rail, page_content.panel(_("Its story")):
                timeline(facts.history)


def draw_request_facts(facts: RequestFacts) -> None:
    """Draw what speaks against a change of upstream, and who is to move where."""
    request = facts.request
    if request.objection:
        words = _("The present upstream objects: {reason}", reason=request.objection)
        page_content.notice(words, "warning", testid="objection")
    if request.problem:
        words = _("It could not be moved on its day: {reason}", reason=request.problem)
        page_content.notice(words, "danger", testid="problem")
    if request.decision_note:
        page_content.notice(_("Reason: {reason}", reason=request.decision_note), "info", testid="reason")
    with page_content.panel(_("Change of upstream")):
        page_content.kv(_shown(facts))


def is_asked(actor: Actor, request: AffiliationRequest) -> bool:
    """Return whether an actor is asked for consent and has not answered."""
    roles = roles_of(actor, request)
    return ("owner" in roles and request.owner_answer is None) or (
        "upstream" in roles and request.upstream_answer is None
    )


def request_steps(facts: RequestFacts) -> list[page_content.Step]:
    """Return the way of a request: asked, owner, new upstream, brand, moved."""
    request = facts.request
    steps = [page_content.Step(_("Asked for"), "", "done", short_instant_text(request.created_at))]
    answers = [(_("Owner"), request.owner_answer, request.owner_at)]
    if request.to_upstream_id is not None:
        answers.append((_("New upstream"), request.upstream_answer, request.upstream_at))
    for label, answer, at in answers:
        if answer is None:
            steps.append(page_content.Step(label, "", "current" if request.status == RequestStatus.ASKED else "open"))
        else:
            words, state = _(ANSWER_LABELS[Consent(answer)][0]), "failed" if answer == Consent.DECLINED else "done"
            steps.append(page_content.Step(label, words, state, short_instant_text(at)))  # type: ignore[arg-type]
    waits = request.status == RequestStatus.UNDER_REVIEW
    decided = "done" if request.decided_at else "current" if waits else "open"
    decided_at = short_instant_text(request.decided_at)
    steps.append(page_content.Step(_("Review by the brand"), "", decided, decided_at))  # type: ignore[arg-type]
    moved = "done" if request.moved_at else "current" if request.status == RequestStatus.APPROVED else "open"
    steps.append(page_content.Step(_("Moved"), "", moved, request.valid_from.isoformat()))  # type: ignore[arg-type]
    return steps


def _shown(facts: RequestFacts) -> dict[str, object]:
    request = facts.request

    def who(person: str | None) -> str:
        return facts.names.get(person, person) if person else ""

    def partner(partner_id: int | None) -> object:
        if partner_id is None or partner_id not in facts.partners:
            return facts.name_of(partner_id)
        code, name = facts.partners[partner_id]
        label = f"{name} · {code}"
        return partial(text_link, label, record_path("partners", code)) if partner_id in facts.linked else label

    shown: dict[str, object] = {
        _("Partner"): partner(request.partner_id),
        _("From the day"): request.valid_from.isoformat(),
        _("Present upstream"): partner(request.from_upstream_id),
        _("New upstream"): partner(request.to_upstream_id),
        _("Asked by"): who(request.asked_by),
        _("Reason"): request.reason,
        _("Answer of the owner"): _answer(request.owner_answer, who(request.owner_by), request.owner_at),
    }
    if request.to_upstream_id is not None:
        answer = _answer(request.upstream_answer, who(request.upstream_by), request.upstream_at)
        shown[_("Answer of the new upstream")] = answer
    if request.decided_by:
        shown[_("Decided by")] = who(request.decided_by)
    if request.due_at is not None:
        shown[_("Answer due")] = f"{instant_text(request.due_at)} · {deadline_text(request.due_at)}"
    return shown


def _answer(answer: str | None, person: str, at: datetime | None) -> str:
    """Return an answer as people read it, with who gave it when."""
    if answer is None:
        return _("Not answered yet")
    return " · ".join(filter(None, (_(ANSWER_LABELS[Consent(answer)][0]), person, instant_text(at) if at else "")))


def _draw_actions(request: AffiliationRequest, actor: Actor) -> None:
    """Draw what the viewer can do next; each service decides again."""
    status, roles = RequestStatus(request.status), roles_of(actor, request)
    number, version = request.number, request.version
    if request.status in OPEN and (actor.person == request.asked_by or "owner" in roles):
        _button("withdraw", _("Take back"), partial(_run, withdraw_affiliation, number, version=version))
    if status is RequestStatus.ASKED and is_asked(actor, request):
        decline = _with_reason(_("Decline"), partial(_decline, number, version))
        _button("decline", _("Decline"), decline, look="danger")
        agree = partial(_run, agree_to_affiliation, number, version=version)
        _button("agree", _("Agree"), agree, look="primary")
    if "present" in roles and status in (RequestStatus.ASKED, RequestStatus.UNDER_REVIEW):
        _button("object", _("Object"), _with_reason(_("Object"), partial(_object, number)))
    decides = actor.can(Permission.APPLICATION_DECIDE) and not is_own_request(actor, request)
    if decides and status in (RequestStatus.UNDER_REVIEW, RequestStatus.APPROVED):
        refuse = _with_reason(_("Refuse"), partial(_refuse, number, version))
        _button("refuse", _("Refuse"), refuse, look="danger")
    if decides and status is RequestStatus.UNDER_REVIEW:
        approve = partial(_run, approve_affiliation, number, version=version)
        _button("approve", _("Approve"), approve, look="primary")


def _button(name: str, label: str, on_click: Callable[[], Any], **options: Any) -> None:
    button(label, on_click, testid=f"action-{name}", **options)


def _with_reason(label: str, run: Callable[[str], Any]) -> Callable[[], Any]:
    async def ask() -> None:
        reason = await confirm(label, _("Those concerned read the reason."), yes=label, reason=_("Reason"))
        if reason is not None:
            await run(reason)

    return ask


async def _decline(number: str, version: int, reason: str) -> None:
    await _run(decline_affiliation, number, reason, version=version)


async def _object(number: str, reason: str) -> None:
    await _run(object_to_affiliation, number, reason)


async def _refuse(number: str, version: int, reason: str) -> None:
    await _run(reject_affiliation, number, reason, version=version)


async def _run(service: Callable[..., Any], *arguments: Any, **named: Any) -> None:
    if await call(service, *arguments, **named) is not None:
        load_again()
