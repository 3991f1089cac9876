"""Stores: points of sale, their positions over time, findings, and photos."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ColumnElement, Double, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from core.access import Actor
from core.database.columns import Id, PathKey, code_text
from core.database.paths import visible_within
from core.database.sessions import Base
from core.database.versioned import Versioned
from core.i18n import N_
from core.kinds.standard import CODE_LENGTH_MAX, NAME_LENGTH_MAX, NOTE_LENGTH_MAX
from core.positions.points import Datum

PERSON_LENGTH_MAX = 200


class StoreStatus(StrEnum):
    """Status of a store."""

    APPLIED = "applied"
    UNDER_REVIEW = "under_review"
    ACTIVE = "active"
    CLOSED = "closed"


STATUS_LABELS: dict[StrEnum, tuple[str, str]] = {
    StoreStatus.APPLIED: (N_("Applied"), "pending"),
    StoreStatus.UNDER_REVIEW: (N_("Under review"), "pending"),
    StoreStatus.ACTIVE: (N_("Active"), "approved"),
    StoreStatus.CLOSED: (N_("Closed"), "done"),
}

NEXT_STATUSES: dict[StoreStatus, frozenset[StoreStatus]] = {
    StoreStatus.APPLIED: frozenset({StoreStatus.UNDER_REVIEW, StoreStatus.ACTIVE, StoreStatus.CLOSED}),
    StoreStatus.UNDER_REVIEW: frozenset({StoreStatus.APPLIED, StoreStatus.ACTIVE, StoreStatus.CLOSED}),
    StoreStatus.ACTIVE: frozenset({StoreStatus.UNDER_REVIEW, StoreStatus.CLOSED}),
    StoreStatus.CLOSED: frozenset({StoreStatus.UNDER_REVIEW, StoreStatus.ACTIVE}),
}


class PositionSource(StrEnum):
    """Source of a position."""

    GPS = "gps"
    PIN = "pin"
    PASTE = "paste"
    PHOTO = "photo"
    IMPORT = "import"
    FORM = "form"
    GEOCODER = "geocoder"


SOURCE_LABELS: dict[StrEnum, tuple[str, str]] = {
    PositionSource.GPS: (N_("Measured by the phone"), ""),
    PositionSource.PIN: (N_("Set on the map"), ""),
    PositionSource.PASTE: (N_("Pasted"), ""),
    PositionSource.PHOTO: (N_("From a photo"), ""),
    PositionSource.IMPORT: (N_("Imported"), ""),
    PositionSource.FORM: (N_("Typed"), ""),
    PositionSource.GEOCODER: (N_("From the address"), ""),
}


class FindingDecision(StrEnum):
    """Decision about a finding."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"


DECISION_LABELS: dict[StrEnum, tuple[str, str]] = {
    FindingDecision.OPEN: (N_("Open"), "pending"),
    FindingDecision.ACCEPTED: (N_("Known and accepted"), "done"),
    FindingDecision.DISMISSED: (N_("Dismissed"), "done"),
}


class Store(Versioned, Base):
    """A point of sale.

    Attributes:
        partner_id: Its upstream; None for the brand's own.
        path: Of its own partner row where it orders, else of its upstream; "" for the brand's own.
        region: Adcode (GB/T 2260).
        latitude, longitude, datum: The position as captured, in degrees. accuracy_m: radius in metres.
        position_source: See ``PositionSource``. fixed_at: when the position was measured.
        wgs84_latitude, wgs84_longitude: The same point to compute with; None where the position is not usable.
        cell: Its key in the grid, see ``core.positions.points.cell_of``.
        name_key: The name as duplicates are looked for, see ``services.stores.names``.
        score: 100 less what open and accepted findings take off, at least 0; None before the first assessment.
        finding_count: How many findings are open.
        ordering_partner_id: Its own row among the partners, of tier ``store``; None while it may not order.
        registered_by: Person who registered it, see ``Actor.person``; "" if it was entered or imported.
    """

    __tablename__ = "stores"
    follows_branch = True
    __table_args__ = (
        CheckConstraint("latitude BETWEEN -90 AND 90", name="latitude_on_earth"),
        CheckConstraint("longitude BETWEEN -180 AND 180", name="longitude_on_earth"),
        CheckConstraint("score BETWEEN 0 AND 100", name="score_in_range"),
        Index("ix_stores_cell", "cell", "wgs84_latitude", "wgs84_longitude"),
        Index("ix_stores_path", "path", "created_at", "id"),
        Index("ix_stores_created_at", "created_at", "id"),
        Index("ix_stores_status", "status", "score", "id"),
        Index("ix_stores_phone", "phone"),
        Index("ix_stores_partner_id", "partner_id"),
        Index("ix_stores_ordering_partner_id", "ordering_partner_id", unique=True),
    )

    code: Mapped[str] = mapped_column(code_text(CODE_LENGTH_MAX), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))
    partner_id: Mapped[int | None] = mapped_column(ForeignKey("partners.id"))
    path: Mapped[PathKey] = mapped_column(default="")
    contact: Mapped[str | None] = mapped_column(String(NAME_LENGTH_MAX))
    phone: Mapped[str | None] = mapped_column(String(16))
    region: Mapped[str | None] = mapped_column(code_text(6))
    address: Mapped[str | None] = mapped_column(String(NOTE_LENGTH_MAX))
    status: Mapped[str] = mapped_column(code_text(20), default=StoreStatus.ACTIVE.value)
    latitude: Mapped[float | None] = mapped_column(Double)
    longitude: Mapped[float | None] = mapped_column(Double)
    datum: Mapped[str] = mapped_column(code_text(10), default=Datum.WGS84.value)
    accuracy_m: Mapped[float | None] = mapped_column(Double)
    position_source: Mapped[str | None] = mapped_column(code_text(10))
    fixed_at: Mapped[datetime | None]
    wgs84_latitude: Mapped[float | None] = mapped_column(Double)
    wgs84_longitude: Mapped[float | None] = mapped_column(Double)
    cell: Mapped[int | None]
    name_key: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX), default="")
    score: Mapped[int | None]
    finding_count: Mapped[int] = mapped_column(default=0)
    ordering_partner_id: Mapped[int | None] = mapped_column(ForeignKey("partners.id"))
    registered_by: Mapped[str] = mapped_column(String(PERSON_LENGTH_MAX), default="")
    note: Mapped[str | None] = mapped_column(String(NOTE_LENGTH_MAX))

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Brand staff see all stores, partners those of their branch."""
        return visible_within(cls.path, actor)


class StorePosition(Base):
    """A position a store had from one instant to another, kept when the store is moved.

    Attributes:
        path: The store's.
        latitude … wgs84_longitude: As in ``Store``.
        valid_from: Since when. valid_to: until when; None while it lasts.
        person: Who stated it, see ``Actor.person``. name: as shown.
    """

    __tablename__ = "store_positions"
    follows_branch = True
    __table_args__ = (Index("ix_store_positions_store_id", "store_id", "valid_from"),)

    id: Mapped[Id]
    store_id: Mapped[int] = mapped_column(ForeignKey("stores.id"))
    path: Mapped[PathKey] = mapped_column(default="")
    latitude: Mapped[float] = mapped_column(Double)
    longitude: Mapped[float] = mapped_column(Double)
    datum: Mapped[str] = mapped_column(code_text(10))
    accuracy_m: Mapped[float | None] = mapped_column(Double)
    position_source: Mapped[str | None] = mapped_column(code_text(10))
    fixed_at: Mapped[datetime | None]
    wgs84_latitude: Mapped[float | None] = mapped_column(Double)
    wgs84_longitude: Mapped[float | None] = mapped_column(Double)
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]
    person: Mapped[str] = mapped_column(String(PERSON_LENGTH_MAX))
    name: Mapped[str] = mapped_column(String(PERSON_LENGTH_MAX))

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Row filter: visible with the store."""
        return visible_within(cls.path, actor)


class StoreFinding(Base):
    """A finding: evidence against a store, for people to decide on.

    Attributes:
        path: The store's.
        code: What was found, e.g. "position.far_from_region"; see ``services.stores.rules``.
        points: What it takes off the score.
        data: Figures it was found by; nothing of other stores.
        other_store_id: The store it was found beside, if it is about two.
        decision: See ``FindingDecision``. decided_by: person. note: why.
    """

    __tablename__ = "store_findings"
    follows_branch = True
    __table_args__ = (
        CheckConstraint("points BETWEEN 0 AND 100", name="points_in_range"),
        Index("ix_store_findings_store_id", "store_id", "code"),
        Index("ix_store_findings_other_store_id", "other_store_id"),
    )

    id: Mapped[Id]
    store_id: Mapped[int] = mapped_column(ForeignKey("stores.id"))
    path: Mapped[PathKey] = mapped_column(default="")
    code: Mapped[str] = mapped_column(code_text(40))
    points: Mapped[int]
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    other_store_id: Mapped[int | None] = mapped_column(ForeignKey("stores.id"))
    found_at: Mapped[datetime]
    decision: Mapped[str] = mapped_column(code_text(20), default=FindingDecision.OPEN.value)
    decided_by: Mapped[str | None] = mapped_column(String(PERSON_LENGTH_MAX))
    decided_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(String(NOTE_LENGTH_MAX), default="")

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Row filter: visible with the store."""
        return visible_within(cls.path, actor)


class StorePhoto(Base):
    """A photo of a store, stripped of metadata; the metadata is kept in this row.

    Attributes:
        path: The store's.
        sha256: Of the cleaned picture, a stored file. original_sha256: of the file as it came.
        look: 64-bit perceptual hash.
        taken_at, latitude, longitude (WGS-84), software, camera: What the file itself said.
        person: Uploader, see ``Actor.person``.
    """

    __tablename__ = "store_photos"
    follows_branch = True
    __table_args__ = (
        Index("ix_store_photos_store_id", "store_id"),
        Index("ix_store_photos_original_sha256", "original_sha256"),
        Index("ix_store_photos_look", "look"),
    )

    id: Mapped[Id]
    store_id: Mapped[int] = mapped_column(ForeignKey("stores.id"))
    path: Mapped[PathKey] = mapped_column(default="")
    sha256: Mapped[str] = mapped_column(code_text(64))
    original_sha256: Mapped[str] = mapped_column(code_text(64))
    look: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    taken_at: Mapped[datetime | None]
    latitude: Mapped[float | None] = mapped_column(Double)
    longitude: Mapped[float | None] = mapped_column(Double)
    software: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX), default="")
    camera: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX), default="")
    person: Mapped[str] = mapped_column(String(PERSON_LENGTH_MAX))
    created_at: Mapped[datetime]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Row filter: visible with the store."""
        return visible_within(cls.path, actor)
