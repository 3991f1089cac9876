"""Applications as the applicant makes them: a draft that is saved and resumed, submitted, changed, taken back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import now
from core.database.operations import run_operations
from core.database.retention import Retention
from core.database.sessions import actor_of
from core.drafts import Drafts
from core.errors import InvalidInput, NotFound, Problem, RowsRefused
from core.i18n import N_, current_language
from core.permissions import Permission
from models.partners.applications import Application, ApplicationStatus, UpstreamAnswer
from models.partners.partners import Partner, PartnerStatus
from services.accounts.one_time_secrets import new_token, token_hash
from services.applications.approval import APPLICATION_APPROVALS, BRAND, application_document
from services.applications.drafts import kept_texts, missing, read_texts
from services.applications.invites import plain_code
from services.applications.states import (
    advance_application,
    lock_application,
    require_application_status,
    set_partner_status,
    tell,
)
from services.applications.upstreams import chosen_upstream, upstream_of_invite, used_invite
from services.approvals.cases import open_case, withdraw_case
from services.approvals.subjects import Approver
from services.files.pictures import keep_picture, release_picture
from services.free_texts import parse_note
from services.number_series import next_numbers
from services.partners.saving import save_partners
from services.partners.tree import require_active_upstream
from services.saving.plans import SaveOptions
from services.states import count_change

STATED = ("name", "tier", "uscc", "contact", "phone", "region", "address")
"""Fields of an application that its partner row has too."""
ASKED_ABOUT = ("name", "tier", "uscc", "region")
"""Fields of an application that its upstream says yes to."""
YES = (UpstreamAnswer.CONFIRMED, UpstreamAnswer.ON_BEHALF)
_CODES = {"see_all": "a code is given once across the brand"}
_FILLED_IN = (ApplicationStatus.DRAFT, ApplicationStatus.RETURNED)


@dataclass(frozen=True, slots=True)
class Begun:
    """A new application: its number, and the secret of the link by which its applicant comes back, shown once."""

    number: str
    token: str


def begin_application(session: Session, stated: Mapping[str, str]) -> Begun:
    """Begin an application with what the first step of the form says.

    The session's actor is the system actor ``APPLICANT`` for an anonymous user (``application_states.reception``), or
    that of staff who enter it.

    Raises:
        NotPermitted: The actor may not edit partners.
    """
    actor = actor_of(session)
    actor.require(Permission.PARTNER_EDIT)
    token = new_token()
    application = Application(
        number=next_numbers("AP").run(session)[0],
        token_hash=token_hash(token),
        path="",
        status=ApplicationStatus.DRAFT.value,
        stated={},
        language=current_language(),
        entered_by=actor.person,
        waits_since=now(),
    )
    session.add(application)
    session.flush()
    tell(session, application, "begun")
    _state(application, stated)
    return Begun(application.number, token)


def number_held(session: Session, token: str) -> str:
    """Return the number of the application whose link somebody holds.

    Raises:
        NotFound: ``applications.link_not_valid``.
    """
    number = session.scalar(select(Application.number).where(Application.token_hash == token_hash(token)))
    if number is None:
        raise NotFound(
            "applications.link_not_valid",
            N_("This link leads to no application. Look at it again, or begin a new one."),
        )
    return number


def save_draft(session: Session, number: str, stated: Mapping[str, str], step: int = 1) -> dict[str, Problem]:
    """Keep what was typed, exactly; return what cannot be read of it, by field. A draft may be unfinished.

    Args:
        session: As for ``begin_application``.
        number: Of the application.
        stated: Field name to text; fields that are not named stay as they are.
        step: How far the form is filled in, 1 to 4.

    Raises:
        NotFound: ``applications.not_found``.
        Conflict: ``applications.wrong_status``, ``applications.already_decided``.
    """
    actor_of(session).require(Permission.PARTNER_EDIT)
    application = lock_application(session, number)
    require_application_status(application, *_FILLED_IN)
    problems = _state(application, stated)
    application.step = max(1, min(step, 4))
    return problems


def attach_licence(session: Session, number: str, reference: str) -> str:
    """File the picture of a business licence; "" takes it away. Return the hash of its content, "" for none.

    Raises:
        InvalidInput: ``pictures.reference_not_valid``.
        NotFound, Conflict: As ``save_draft``.
    """
    actor_of(session).require(Permission.PARTNER_EDIT)
    application = lock_application(session, number)
    require_application_status(application, *_FILLED_IN)
    before = application.licence_sha256
    application.licence_sha256 = keep_picture(session, reference).sha256 if reference else None
    if before is not None:
        release_picture(session, before)
    count_change(application)
    return application.licence_sha256 or ""


def submit_application(session: Session, number: str, *, consent: bool) -> Application:
    """Put an application up for decision: to its upstream first, if it names one, else to the brand.

    A resubmitted application keeps the upstream's confirmation if applicant, tier and region are unchanged.

    From now on a partner row with status ``applied`` stands for the applicant, by the same rules as any other. An
    invite counts as used when it is submitted for the first time with it.

    Args:
        session: As for ``begin_application``.
        number: Of the application.
        consent: Whether the applicant agrees that what is stated is kept and checked.

    Raises:
        InvalidInput: ``applications.incomplete``, ``applications.consent_needed``,
            ``applications.upstream_not_proposed``, or what ``save_partners`` finds wrong; ``fields`` says where.
        NotFound, Conflict: As ``save_draft``, ``use_invite``; ``applications.upstream_not_active``.
    """
    actor_of(session).require(Permission.PARTNER_EDIT)
    application = lock_application(session, number)
    require_application_status(application, *_FILLED_IN)
    _require_complete(application)
    if not consent and application.consented_at is None:
        problem = Problem("applications.consent_needed", N_("Without your agreement nothing can be submitted."))
        raise InvalidInput(problem.code, problem.message, fields={"consent": problem})
    application.consented_at = application.consented_at or now()
    upstream = _upstream(session, application)
    require_active_upstream(session, upstream.id if upstream else None)
    is_asked = upstream is not None and not _has_confirmed(session, upstream, application)
    _save_partner(session, application, upstream)
    application.upstream_id = upstream.id if upstream else None
    if is_asked or upstream is None:
        application.upstream_word = application.upstream_by = application.upstream_note = application.upstream_at = None
    application.submitted_at, application.reason, application.step = now(), None, 4
    following = ApplicationStatus.SUBMITTED if is_asked else ApplicationStatus.UNDER_REVIEW
    advance_application(session, application, following, "submitted", upstream=upstream.code if upstream else "")
    if following is ApplicationStatus.UNDER_REVIEW:
        set_partner_status(session, application.partner_id, PartnerStatus.UNDER_REVIEW)
    approver = Approver(Permission.APPLICATION_CONFIRM, application.upstream_id) if is_asked else BRAND
    document = application_document(application)
    run_operations(session, *open_case(APPLICATION_APPROVALS, document, approver, due_at=application.due_at))
    return application


def withdraw_application(session: Session, number: str, reason: str = "") -> Application:
    """Take an application back before it is decided; its partner row is closed.

    Raises:
        NotFound, Conflict: As ``save_draft``.
    """
    actor = actor_of(session)
    actor.require(Permission.PARTNER_EDIT)
    note = parse_note(reason, "reason")
    application = lock_application(session, number)
    application.decided_by, application.decided_at = actor.person or None, now()
    advance_application(session, application, ApplicationStatus.WITHDRAWN, "withdrawn", reason=note)
    set_partner_status(session, application.partner_id, PartnerStatus.CLOSED)
    run_operations(session, *withdraw_case(APPLICATION_APPROVALS.name, number))
    return application


def _delete_drafts(session: Session, ids: Sequence[int]) -> None:
    for draft in session.scalars(select(Application).where(Application.id.in_(ids))).all():
        if draft.licence_sha256 is not None:
            release_picture(session, draft.licence_sha256)
        session.delete(draft)


RETENTION = Retention(
    column=Application.updated_at,
    days=60,
    reason="Drafts that nobody came back to and that were never submitted go, with the licence in them.",
    conditions=(Application.status == ApplicationStatus.DRAFT.value,),
    remove=_delete_drafts,
)


def _state(application: Application, stated: Mapping[str, str]) -> dict[str, Problem]:
    kept = kept_texts(stated)
    values, problems = read_texts(kept)
    application.stated = {**application.stated, **kept}
    for name, value in values.items():
        setattr(application, name, value)
    count_change(application)
    return problems


def _require_complete(application: Application) -> None:
    values, problems = read_texts(application.stated)
    problems = {**missing(values, has_licence=application.licence_sha256 is not None), **problems}
    if problems:
        raise InvalidInput(
            "applications.incomplete", N_("Some things are missing or cannot be read: see below."), fields=problems
        )


def _upstream(session: Session, application: Application) -> Partner | None:
    """Return under whom the applicant is to stand: as the brand said meanwhile, by the invite, or by choice."""
    tier, stated = application.tier or "", application.stated
    if "assigned" in stated:
        return session.get(Partner, application.upstream_id) if application.upstream_id else None
    code = plain_code(str(stated.get("invite", "")))
    if not code:
        application.invite_id = None
        return chosen_upstream(session, stated, tier, application.region or "")
    if application.invite_id is not None and stated.get("used") == code:
        return upstream_of_invite(session, application.invite_id, tier)
    application.invite_id, upstream = used_invite(session, code, tier)
    application.stated = {**stated, "used": code}
    return upstream


def _has_confirmed(session: Session, upstream: Partner, application: Application) -> bool:
    """Return whether ``upstream`` has confirmed these data: the applicant's partner row holds what it confirmed."""
    own = session.get(Partner, application.partner_id) if application.partner_id else None
    if own is None or application.upstream_id != upstream.id or application.upstream_word not in YES:
        return False
    return all(getattr(own, name) == getattr(application, name) for name in ASKED_ABOUT)


def _save_partner(session: Session, application: Application, upstream: Partner | None) -> None:
    """Make or change the partner row that stands for the applicant."""
    own = session.get(Partner, application.partner_id) if application.partner_id else None
    code = own.code if own else _new_code(session)
    columns: dict[str, list[Any]] = {name: [getattr(application, name)] for name in STATED}
    columns |= {"code": [code], "upstream": [upstream.code if upstream else None]}
    columns["status"] = [PartnerStatus.APPLIED.value]
    try:
        save_partners(session, Drafts([1], columns), SaveOptions()).or_refuse()
    except RowsRefused as refused:
        problem = refused.problem
        raise InvalidInput(problem.code, problem.message, fields=refused.fields, **problem.values) from refused
    found = select(Partner).where(Partner.code == code).execution_options(populate_existing=True)
    partner = session.scalars(found).one()
    application.partner_id, application.path = partner.id, partner.path


def _new_code(session: Session) -> str:
    while True:
        code = next_numbers("P").run(session)[0]
        if session.scalar(select(Partner.id).where(Partner.code == code).execution_options(**_CODES)) is None:
            return code
