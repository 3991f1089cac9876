"""The resource of affiliation requests, with pages of their own."""

from core.event_actions import EventAction
from core.i18n import N_
from core.kinds.standard import CODE, DAY, INSTANT, NOTE, choice, choices_of, reference
from core.permissions import Permission
from core.resource import Field, Resource
from models.accounts.person_kind import PERSON
from models.partners.affiliation_requests import ANSWER_LABELS, STATUS_LABELS, AffiliationRequest
from models.partners.partners import Partner

PARTNER = reference("partners", Partner.code, Partner.name)
ANSWER = choice(*choices_of(ANSWER_LABELS))
_request = AffiliationRequest

AFFILIATION_REQUESTS = Resource(
    name="affiliation_requests",
    label=N_("Changes of upstream"),
    title=N_("Change of upstream"),
    model=AffiliationRequest,
    keys=("number",),
    view=Permission.APPLICATION_VIEW,
    order=("-created_at",),
    events=(
        EventAction("affiliation.asked", N_("Change of upstream asked for"), N_("asked for it")),
        EventAction("affiliation.agreed", N_("Change of upstream agreed to"), N_("agreed")),
        EventAction("affiliation.declined", N_("Change of upstream declined"), N_("declined it")),
        EventAction(
            "affiliation.consented",
            N_("Everybody agreed to a change of upstream"),
            N_("had the consent of everybody who was asked"),
        ),
        EventAction(
            "affiliation.unanswered",
            N_("Change of upstream not answered in time"),
            N_("passed it on: nobody answered in time"),
        ),
        EventAction("affiliation.objected", N_("Change of upstream objected to"), N_("objected")),
        EventAction("affiliation.approved", N_("Change of upstream approved"), N_("approved it"), tone="ok"),
        EventAction("affiliation.refused", N_("Change of upstream refused"), N_("refused it"), tone="danger"),
        EventAction("affiliation.withdrawn", N_("Change of upstream taken back"), N_("took it back")),
        EventAction("affiliation.moved", N_("Partner moved to its new upstream"), N_("moved it")),
        EventAction(
            "affiliation.failed", N_("Partner could not be moved on its day"), N_("could not be done on its day")
        ),
    ),
    fields=(
        Field(name="number", label=N_("Number of the change"), kind=CODE, column=_request.number, stated=False),
        Field(name="partner", label=N_("Partner"), kind=PARTNER, column=_request.partner_id, stated=False),
        Field(
            name="from_upstream",
            label=N_("Present upstream"),
            kind=PARTNER,
            column=_request.from_upstream_id,
            stated=False,
        ),
        Field(name="to_upstream", label=N_("New upstream"), kind=PARTNER, column=_request.to_upstream_id, stated=False),
        Field(name="valid_from", label=N_("From the day"), kind=DAY, column=_request.valid_from, stated=False),
        Field(
            name="status",
            label=N_("Status"),
            kind=choice(*choices_of(STATUS_LABELS)),
            column=_request.status,
            stated=False,
        ),
        Field(
            name="owner_answer",
            label=N_("Answer of the owner"),
            kind=ANSWER,
            column=_request.owner_answer,
            stated=False,
        ),
        Field(
            name="upstream_answer",
            label=N_("Answer of the new upstream"),
            kind=ANSWER,
            column=_request.upstream_answer,
            stated=False,
        ),
        Field(name="objection", label=N_("Objection"), kind=NOTE, column=_request.objection, stated=False),
        Field(name="waits_since", label=N_("Waits since"), kind=INSTANT, column=_request.waits_since, stated=False),
        Field(name="due_at", label=N_("Answer due"), kind=INSTANT, column=_request.due_at, stated=False),
        Field(name="reason", label=N_("Reason"), kind=NOTE, column=_request.reason, stated=False),
        Field(name="asked_by", label=N_("Asked by"), kind=PERSON, column=_request.asked_by, stated=False),
        Field(
            name="decided_by",
            label=N_("Decided by"),
            kind=PERSON,
            column=_request.decided_by,
            stated=False,
            seldom=True,
        ),
        Field(
            name="decided_at",
            label=N_("Decided at"),
            kind=INSTANT,
            column=_request.decided_at,
            stated=False,
            seldom=True,
        ),
        Field(name="decision_note", label=N_("Decision"), kind=NOTE, column=_request.decision_note, stated=False),
        Field(name="moved_at", label=N_("Moved at"), kind=INSTANT, column=_request.moved_at, stated=False),
        Field(name="problem", label=N_("Problem"), kind=NOTE, column=_request.problem, stated=False),
        Field(name="created_at", label=N_("Created"), kind=INSTANT, column=_request.created_at, stated=False),
    ),
)
