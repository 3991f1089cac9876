"""How applications appear: made by applicants or staff on pages of their own, decided in the inbox."""

from core.event_actions import EventAction
from core.i18n import N_
from core.kinds.standard import CODE, EMAIL, INSTANT, NAME, NOTE, PHONE, USCC, choice, choices_of, reference
from core.permissions import Permission
from core.resource import Field, Resource
from models.accounts.person_kind import PERSON
from models.partners.applications import STATUS_LABELS, WORD_LABELS, Application
from models.partners.partners import Partner
from models.partners.tiers import TIER
from models.regions.kind import REGION

PARTNER = reference("partners", Partner.code, Partner.name)

APPLICATIONS = Resource(
    name="applications",
    label=N_("Applications"),
    title=N_("Application"),
    model=Application,
    keys=("number",),
    view=Permission.APPLICATION_VIEW,
    order=("-created_at",),
    search_rank=6,
    events=(
        EventAction("application.begun", N_("Application begun"), N_("began it")),
        EventAction("application.submitted", N_("Application submitted"), N_("submitted it")),
        EventAction(
            "application.confirmed", N_("Application confirmed by the upstream"), N_("confirmed it for the upstream")
        ),
        EventAction("application.declined", N_("Application declined by the upstream"), N_("declined it")),
        EventAction(
            "application.unanswered",
            N_("Upstream did not answer an application"),
            N_("passed it on: nobody answered in time"),
        ),
        EventAction(
            "application.assigned", N_("Applicant given another upstream"), N_("put it under another upstream")
        ),
        EventAction("application.returned", N_("Application returned for change"), N_("returned it for change")),
        EventAction("application.approved", N_("Application approved"), N_("approved it"), tone="ok"),
        EventAction("application.refused", N_("Application refused"), N_("refused it"), tone="danger"),
        EventAction("application.withdrawn", N_("Application taken back"), N_("took it back")),
    ),
    fields=(
        Field(name="number", label=N_("Application number"), kind=CODE, column=Application.number, stated=False),
        Field(name="name", label=N_("Applicant"), kind=NAME, column=Application.name, stated=False),
        Field(
            name="status",
            label=N_("Status"),
            kind=choice(*choices_of(STATUS_LABELS)),
            column=Application.status,
            stated=False,
        ),
        Field(name="tier", label=N_("Tier"), kind=TIER, column=Application.tier, stated=False),
        Field(name="upstream", label=N_("Upstream"), kind=PARTNER, column=Application.upstream_id, stated=False),
        Field(
            name="upstream_word",
            label=N_("Word of the upstream"),
            kind=choice(*choices_of(WORD_LABELS)),
            column=Application.upstream_word,
            stated=False,
        ),
        Field(name="waits_since", label=N_("Waits since"), kind=INSTANT, column=Application.waits_since, stated=False),
        Field(name="due_at", label=N_("Answer due"), kind=INSTANT, column=Application.due_at, stated=False),
        Field(name="region", label=N_("Region"), kind=REGION, column=Application.region, stated=False),
        Field(
            name="uscc", label=N_("Social credit code"), kind=USCC, column=Application.uscc, stated=False, seldom=True
        ),
        Field(name="contact", label=N_("Contact"), kind=NAME, column=Application.contact, stated=False, width=110),
        Field(name="phone", label=N_("Phone"), kind=PHONE, column=Application.phone, stated=False),
        Field(name="email", label=N_("E-mail"), kind=EMAIL, column=Application.email, stated=False),
        Field(name="address", label=N_("Address"), kind=NOTE, column=Application.address, stated=False, seldom=True),
        Field(name="partner", label=N_("Partner"), kind=PARTNER, column=Application.partner_id, stated=False),
        Field(
            name="submitted_at",
            label=N_("Submitted at"),
            kind=INSTANT,
            column=Application.submitted_at,
            stated=False,
            seldom=True,
        ),
        Field(
            name="decided_at",
            label=N_("Decided at"),
            kind=INSTANT,
            column=Application.decided_at,
            stated=False,
            seldom=True,
        ),
        Field(
            name="decided_by",
            label=N_("Decided by"),
            kind=PERSON,
            column=Application.decided_by,
            stated=False,
            seldom=True,
        ),
        Field(name="reason", label=N_("Reason"), kind=NOTE, column=Application.reason, stated=False),
        Field(name="entered_by", label=N_("Entered by"), kind=PERSON, column=Application.entered_by, stated=False),
        Field(name="created_at", label=N_("Created"), kind=INSTANT, column=Application.created_at, stated=False),
    ),
)
