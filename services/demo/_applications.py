"""The demo's applications: one for each applicant among the partners, and a few for which no partner row stands yet."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any, NamedTuple

from PIL import Image, ImageDraw, ImageFont
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.events.log import EventDraft, record
from core.files.contents import StoredFile
from core.i18n import DEFAULT_LANGUAGE
from core.permissions import Role
from models.partners.applications import Application, ApplicationStatus, UpstreamAnswer
from models.partners.partners import PartnerStatus
from services.accounts.administration import create_user
from services.accounts.one_time_secrets import new_token, token_hash
from services.applications.approval import APPLICATION_APPROVALS
from services.applications.states import DEADLINES
from services.approvals.cases import open_cases
from services.demo._applicants import Applicant
from services.demo._names import PROVINCES, NameMaker
from services.demo._partners import DemoChannel, DemoPartner
from services.demo._rows import insert_numbered, month_numbers
from services.files.pictures import keep_picture, take_picture

STATED = ("tier", "region", "name", "uscc", "contact", "phone", "email", "address")
COLUMNS = (
    "number", "token_hash", "partner_id", "path", "status", "stated", "step", *STATED, "licence_sha256", "language",
    "upstream_id", "invite_id", "upstream_word", "upstream_by", "upstream_at", "upstream_note", "entered_by",
    "consented_at", "submitted_at", "waits_since", "due_at", "decided_by", "decided_at", "reason", "version",
    "created_at", "updated_at",
)  # fmt: skip
WRITING = timedelta(minutes=35)  # from the first line of an application to its submission
WORD_BY = {UpstreamAnswer.CONFIRMED: "hua@demo.example", UpstreamAnswer.DECLINED: "hua@demo.example",
           UpstreamAnswer.ON_BEHALF: "ling@demo.example"}  # fmt: skip
DECIDER, STAFF = "ling@demo.example", "wei@demo.example"
DECIDED = (ApplicationStatus.APPROVED, ApplicationStatus.REFUSED, ApplicationStatus.WITHDRAWN)


class ApplicationSpec(NamedTuple):
    """An application without a partner row: a draft, or one that was withdrawn.

    Attributes:
        hours: Since it was last touched.
        filled: How many of ``STATED`` are filled in.
    """

    status: ApplicationStatus
    tier: str
    step: int
    filled: int
    hours: int
    entered_by: str = ""


APPLICATION_SPECS = (
    ApplicationSpec(ApplicationStatus.DRAFT, "dealer", 2, 4, 26),
    ApplicationSpec(ApplicationStatus.DRAFT, "agent_2", 3, 6, 3, STAFF),
    ApplicationSpec(ApplicationStatus.WITHDRAWN, "micro_merchant", 4, 8, 220),
)


class ApplicationContext(NamedTuple):
    """What applications refer to beside partners.

    Attributes:
        licence_sha256: Of the picture of a business licence.
        invites: Number and code of each invite, as in ``INVITE_SPECS``.
        stood_under: Row number of a partner that has moved since → that of the upstream it applied for.
    """

    licence_sha256: str
    invites: Sequence[tuple[int, str]]
    stood_under: Mapping[int, int | None]


def add_applications(
    session: Session,
    ids: Sequence[int],
    channel: DemoChannel,
    names: NameMaker,
    papers: ApplicationContext,
    now: datetime,
) -> None:
    """Add the applications under reserved numbers, of which those for ``APPLICATION_SPECS`` come last."""
    made = [_of_applicant(one, applicant, papers, now) for one, applicant in channel.applicants]
    made += [_of_sheet(sheet, names, now) for sheet in APPLICATION_SPECS]
    made.sort(key=lambda row: row["created_at"])
    for row, number in zip(made, month_numbers("AP", (row["created_at"] for row in made)), strict=True):
        row["number"] = number
    insert_numbered(session, Application, ids, COLUMNS, [[row.get(name) for name in COLUMNS] for row in made])
    happenings = [EventDraft(row["number"], row["path"], data={"demo": True}) for row in made]
    record(session, "application.begun", "applications", happenings)
    open_cases(session, APPLICATION_APPROVALS, [row["number"] for row in made])


def add_owners(session: Session, channel: DemoChannel) -> list[int]:
    """Invite the owners of partners that were approved lately, as an approval does; return the row numbers."""
    ids = []
    for one, _ in channel.applicants:
        buyer = one.buyer
        if buyer.status == PartnerStatus.ACTIVE.value:
            name = buyer.contact or buyer.name
            user = create_user(session, email_of(one), name=name, role=Role.PARTNER_OWNER, partner=buyer.code)
            ids.append(user.id)
    return ids


def email_of(partner: DemoPartner) -> str:
    """Return the e-mail address of an applicant."""
    return f"{partner.buyer.code.lower()}@demo.example"


def _of_applicant(one: DemoPartner, applicant: Applicant, papers: ApplicationContext, now: datetime) -> dict[str, Any]:
    buyer, status = one.buyer, applicant.status
    submitted_at = now - timedelta(hours=applicant.hours)
    since = applicant.since(now)
    upstream_id = papers.stood_under.get(buyer.id, one.upstream_id)
    stated = {
        "tier": buyer.tier, "region": buyer.region, "name": buyer.name, "uscc": one.uscc, "contact": buyer.contact,
        "phone": buyer.phone, "email": email_of(one), "address": buyer.address,
    }  # fmt: skip
    invite_id, code = papers.invites[applicant.invite] if applicant.invite is not None else (None, "")
    kept = stated | ({"invite": code, "used": code} if code else {})
    has_ended = status in DECIDED
    return _row(submitted_at - WRITING, status, since) | stated | {
        "partner_id": buyer.id,
        "path": buyer.path,
        "stated": kept,
        "step": 4,
        "licence_sha256": papers.licence_sha256,
        "upstream_id": upstream_id,
        "invite_id": invite_id,
        "upstream_word": applicant.word.value if applicant.word else None,
        "upstream_by": WORD_BY.get(applicant.word) if applicant.word else None,
        "upstream_at": now - timedelta(hours=applicant.word_hours) if applicant.word else None,
        "upstream_note": applicant.upstream_note,
        "consented_at": submitted_at,
        "submitted_at": submitted_at,
        "due_at": since + DEADLINES[status] if status in DEADLINES else None,
        "decided_by": DECIDER if has_ended else None,
        "decided_at": since if has_ended else None,
        "reason": applicant.reason,
    }  # fmt: skip


def _of_sheet(sheet: ApplicationSpec, names: NameMaker, now: datetime) -> dict[str, Any]:
    place = names.place(PROVINCES[0])
    touched_at = now - timedelta(hours=sheet.hours)
    everything = {
        "tier": sheet.tier,
        "region": place.county.code,
        "name": names.company(place),
        "uscc": names.uscc(place),
        "contact": names.person(),
        "phone": names.mobile(),
        "email": f"{sheet.tier.replace('_', '-')}@demo.example",
        "address": names.address(place),
    }
    stated = dict(list(everything.items())[: sheet.filled])
    return _row(touched_at - WRITING, sheet.status, touched_at) | stated | {
        "path": "",
        "stated": stated,
        "step": sheet.step,
        "entered_by": sheet.entered_by,
        "decided_at": touched_at if sheet.status in DECIDED else None,
    }  # fmt: skip


def _row(begun_at: datetime, status: ApplicationStatus, since: datetime) -> dict[str, Any]:
    """Return what every application has; columns that are not named are None."""
    return {
        "token_hash": token_hash(new_token()),
        "status": status.value,
        "language": DEFAULT_LANGUAGE,
        "entered_by": "",
        "waits_since": since,
        "version": 1,
        "created_at": begun_at,
        "updated_at": since,
    }


SIZE_PX = (1_000, 700)
PAPER, FRAME, INK = "#fbf6e9", "#b08d3c", "#5f5a4c"
LINES = (("BUSINESS LICENCE", 64), ("SAMPLE", 120), ("Made up by `demo load`: no register knows it", 28))
TOP_PX, GAP_PX = 150, 60


def add_licence(session: Session) -> tuple[str, list[int]]:
    """Store the picture; return the hash of its content, and the row numbers of the stored files."""
    reference, _handed = take_picture(sample_licence())
    kept = keep_picture(session, reference)
    rows = select(StoredFile.id).where(StoredFile.sha256 == kept.sha256).order_by(StoredFile.id.desc()).limit(1)
    return kept.sha256, list(session.scalars(rows))


def sample_licence() -> bytes:
    """Return the picture as a PNG."""
    image = Image.new("RGB", SIZE_PX, PAPER)
    draw = ImageDraw.Draw(image)
    width, height = SIZE_PX
    for inset, stroke in ((24, 8), (44, 2)):
        draw.rectangle((inset, inset, width - inset, height - inset), outline=FRAME, width=stroke)
    top = TOP_PX
    for text, size in LINES:
        font = ImageFont.load_default(size)
        draw.text((width / 2, top), text, fill=INK, font=font, anchor="ma")
        top += size + GAP_PX
    packed = BytesIO()
    image.save(packed, "PNG")
    return packed.getvalue()
