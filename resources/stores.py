"""How stores appear."""

from core.event_actions import EventAction
from core.i18n import N_
from core.kinds.standard import CODE, INSTANT, NAME, NOTE, PHONE, choice, choices_of, integer, reference
from core.permissions import Permission
from core.positions.points import ACCURACY, DATUM_LABELS, LATITUDE, LONGITUDE
from core.resource import Action, Field, Resource
from models.partners.partners import Partner
from models.regions.kind import REGION
from models.stores import SOURCE_LABELS, STATUS_LABELS, Store
from services.stores.review import accept_stores, close_stores
from services.stores.saving import MATCHES, save_stores

STORES = Resource(
    name="stores",
    label=N_("Stores"),
    title=N_("Store"),
    model=Store,
    keys=("code",),
    view=Permission.STORE_VIEW,
    edit=Permission.STORE_EDIT,
    save=save_stores,
    order=("-created_at",),
    match=tuple(MATCHES),
    search_rank=4,
    events=(
        EventAction("store.registered", N_("Store registered"), N_("registered it")),
        EventAction("store.moved", N_("Store given a new position"), N_("moved it")),
        EventAction(
            "store.position_proposed", N_("Position found for the address of a store"), N_("found a position for it")
        ),
        EventAction("store.questioned", N_("Store put under review"), N_("put it under review")),
        EventAction("store.accepted", N_("Store accepted"), N_("accepted it")),
        EventAction("store.sent_back", N_("Store sent back"), N_("sent it back")),
        EventAction("store.put_back", N_("Store put back where it was"), N_("put it back where it was")),
        EventAction("store.closed", N_("Store closed"), N_("closed it")),
        EventAction("store.reopened", N_("Store opened again"), N_("opened it again")),
        EventAction("store.finding_dismissed", N_("Finding about a store dismissed"), N_("dismissed a finding")),
        EventAction("store.ordering_allowed", N_("Store allowed to order"), N_("let it order")),
        EventAction("store.ordering_stopped", N_("Ordering of a store stopped"), N_("stopped its ordering")),
    ),
    fields=(
        Field(name="code", label=N_("Store code"), kind=CODE, column=Store.code, required=True, example="SH-0001"),
        Field(
            name="name", label=N_("Store name"), kind=NAME, column=Store.name, required=True, example="青禾南京东路店"
        ),
        Field(
            name="partner",
            label=N_("Partner"),
            kind=reference("partners", Partner.code, Partner.name),
            column=Store.partner_id,
        ),
        Field(
            name="contact",
            label=N_("Contact"),
            kind=NAME,
            column=Store.contact,
            example="王敏",
            section="contact",
            width=110,
        ),
        Field(
            name="phone", label=N_("Phone"), kind=PHONE, column=Store.phone, example="02163224567", section="contact"
        ),
        Field(name="region", label=N_("Region"), kind=REGION, column=Store.region, example="310101", section="contact"),
        Field(
            name="address",
            label=N_("Address"),
            kind=NOTE,
            column=Store.address,
            example="南京东路 300 号",
            section="contact",
            seldom=True,
        ),
        Field(
            name="latitude",
            label=N_("Latitude"),
            kind=LATITUDE,
            column=Store.latitude,
            example="31.236305",
            seldom=True,
            synonyms="门店纬度|纬度坐标|y 坐标|gps 纬度|lat|gps latitude",
        ),
        Field(
            name="longitude",
            label=N_("Longitude"),
            kind=LONGITUDE,
            column=Store.longitude,
            example="121.480237",
            seldom=True,
            synonyms="门店经度|经度坐标|x 坐标|gps 经度|lng|lon|long|gps longitude",
        ),
        Field(
            name="datum",
            label=N_("Datum"),
            kind=choice(*choices_of(DATUM_LABELS)),
            column=Store.datum,
            example="wgs84",
            seldom=True,
            synonyms="坐标类型|坐标系统|坐标标准|地图坐标系|coordinate system",
        ),
        Field(
            name="accuracy_m",
            label=N_("Accuracy (m)"),
            kind=ACCURACY,
            column=Store.accuracy_m,
            example="20",
            seldom=True,
            synonyms="精度|定位精度|误差|误差（米）|accuracy",
        ),
        Field(
            name="status",
            label=N_("Status"),
            kind=choice(*choices_of(STATUS_LABELS)),
            column=Store.status,
            example="active",
        ),
        Field(name="score", label=N_("Score"), kind=integer(0, 100), column=Store.score, stated=False),
        Field(
            name="finding_count",
            label=N_("Open findings"),
            kind=integer(0, 10_000),
            column=Store.finding_count,
            stated=False,
        ),
        Field(
            name="position_source",
            label=N_("Position source"),
            kind=choice(*choices_of(SOURCE_LABELS)),
            column=Store.position_source,
            stated=False,
        ),
        Field(name="fixed_at", label=N_("Measured"), kind=INSTANT, column=Store.fixed_at, stated=False),
        Field(name="created_at", label=N_("Created"), kind=INSTANT, column=Store.created_at, stated=False),
        Field(name="updated_at", label=N_("Changed"), kind=INSTANT, column=Store.updated_at, stated=False, seldom=True),
    ),
    actions=(
        Action(name="accept", label=N_("Accept"), permission=Permission.STORE_REVIEW, run=accept_stores),
        Action(
            name="close",
            is_dangerous=True,
            label=N_("Close the store"),
            permission=Permission.STORE_REVIEW,
            run=close_stores,
            needs_note=True,
        ),
    ),
)
