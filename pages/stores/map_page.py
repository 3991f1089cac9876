"""The map of stores: the page, and over HTTP what lies in view and how places are named."""

import math
from dataclasses import asdict
from functools import cache
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.responses import JSONResponse, Response
from nicegui.events import GenericEventArguments

from core.addresses import record_path
from core.errors import InvalidInput
from core.i18n import N_, _
from core.permissions import Permission
from models.regions.table import table
from models.stores import STATUS_LABELS, StoreStatus
from pages.components.base.assets import add_style
from pages.components.base.buttons import link_button
from pages.components.base.elements import Tag
from pages.components.forms.fields import choice_field, search_field
from pages.components.layout.content import chip, empty_state, page_header, panel
from pages.components.maps import Map, add_map, map_view
from pages.shell.calls import page, show_refusal
from pages.shell.navigation import staff_shell
from pages.shell.reading import read, read_as_current_user
from pages.stores._queries import find_partners, status_tone
from pages.web.heavy_work import limit_lists_of_person
from pages.web.identity import require_actor
from pages.web.policies import PUBLIC, permitted
from services.accounts.sessions import SignInNeeded
from services.stores.map_points import Box, Cluster, MapStore, bounds, clusters, stores_in

GOOD_SCORE = 80
LISTED_MAX = 100

router = APIRouter(include_in_schema=False)


def register_store_map(app: FastAPI) -> None:
    """Register the page and what it asks for."""
    app.include_router(router)
    draw = page("/stores/map", permission=Permission.STORE_VIEW, title=N_("Store map"))
    draw(store_map_page)


# --- over HTTP ---


@router.get("/map/places/{level}.json", dependencies=[Depends(PUBLIC)])
def named_places(level: Literal["1", "2", "3"]) -> Response:
    """Answer [name, latitude, longitude] of every valid region of a level, in GCJ-02: public, the same for everyone."""
    return JSONResponse(places(int(level)), headers={"Cache-Control": "public, max-age=86400"})


@router.get(
    "/stores/map/clusters", dependencies=[Depends(permitted(Permission.STORE_VIEW)), Depends(limit_lists_of_person)]
)
async def clusters_in_view(
    request: Request,
    south: float,
    west: float,
    north: float,
    east: float,
    zoom: Annotated[int, Query(ge=0, le=22)],
    status: str = "",
    partner: str = "",
) -> JSONResponse:
    """Answer the stores of the viewer's scope in a box (degrees, GCJ-02), near ones as one cluster."""
    box = Box(south, west, north, east)
    if not all(map(math.isfinite, (south, west, north, east))) or south > north:
        raise InvalidInput("positions.out_of_range", N_("This part of the map does not exist."))
    found = await read(require_actor(request), clusters, box, zoom, status=_status(status), partner=partner[:64])
    return JSONResponse({"clusters": [_shown(one) for one in found]})


def _shown(one: Cluster) -> dict[str, Any]:
    facts = {name: value for name, value in asdict(one).items() if name not in {"worst_score", "status"}}
    facts |= {"path": record_path("stores", one.code)} if one.code else {}
    if one.status:
        label = _(STATUS_LABELS[StoreStatus(one.status)][0])
        return facts | {"status": label, "tone": status_tone(one.status, one.worst_score)}
    is_doubtful = one.worst_score is not None and one.worst_score < GOOD_SCORE
    return facts | {"tone": "pending" if is_doubtful else "approved"}


def _status(text: str) -> str:
    return text if text in tuple(StoreStatus) else ""


# --- names of places ---


@cache
def places(level: int) -> tuple[tuple[str, float, float], ...]:
    """Return name, latitude and longitude (GCJ-02) of the valid regions of a level: 1 province, 2 city, 3 county."""
    found = (one for one in table().regions.values() if one.level == level and one.status == "current")
    return tuple(
        (_short(one.name, level), round(one.latitude, 4), round(one.longitude, 4))
        for one in found
        if one.latitude is not None and one.longitude is not None
    )


def _short(name: str, level: int) -> str:
    """Return a name as maps have it: 广西壮族自治区 is 广西."""
    if level > 1:
        return name
    return name[:3] if name.startswith(("内蒙古", "黑龙江")) else name[:2]


# --- the page ---


async def store_map_page(request: Request) -> None:
    """Draw the map of all stores the viewer may see; ``?status=`` and ``?partner=`` narrow it."""
    status = _status(request.query_params.get("status", ""))
    partner = request.query_params.get("partner", "")[:64]
    async with staff_shell(_("Store map"), current="store-map", fill=True) as actor:
        add_map()
        box = await read(actor, bounds, status=status, partner=partner)
        with page_header(_("Store map"), _("Positions in GCJ-02, without a base map")):
            link_button(_("As a list"), "/stores", icon="rows", testid="action-list")
            if actor.can(Permission.STORE_REGISTER):
                link_button(_("Register a store"), "/stores/register", look="primary", testid="action-register")
        if box is None and not status and not partner:
            with panel(), empty_state(_("No store has a position yet"), _("Register one where it stands.")):
                pass
            return
        StoreMapPage(status, partner, box).draw()


class StoreMapPage:
    """The map, what narrows it, and the stores in view as a list."""

    def __init__(self, status: str, partner: str, box: Box | None) -> None:
        self._bounds = asdict(box) if box else None
        self._status, self._partner = status, partner

    def draw(self) -> None:
        """Draw it."""
        add_style("stores.css")
        with Tag("div", css="qd-map-filters"):
            choices = {"": _("All")} | {status.value: _(STATUS_LABELS[status][0]) for status in StoreStatus}
            self._status_field = choice_field("status", _("Status"), choices, self._status, on_change=self._narrow)
            self._partner_field = search_field(
                "partner",
                _("Partner and everyone below"),
                find_partners,
                self._partner or None,
                on_change=self._narrow,
            )
        with Tag("div", css="qd-map-page"):
            self._map: Map = map_view(
                label=_("Map of the stores"),
                source="/stores/map/clusters",
                query=self._query(),
                bounds=self._bounds,
                fill=True,
            )
            self._list = Tag("div", css="qd-map-list", role="region", aria_label=_("Stores in view"), tabindex=0)
        self._map.on("mapshown", self._list_view, ["detail"])

    def _query(self) -> str:
        stated = {"status": self._status, "partner": self._partner}
        return "&".join(f"{name}={value}" for name, value in stated.items() if value)

    def _narrow(self) -> None:
        self._status = str(self._status_field.value or "")
        self._partner = str(self._partner_field.value or "")
        self._map.filter(self._query())

    async def _list_view(self, event: GenericEventArguments) -> None:
        """Name the stores in view beside the map: for who reads rather than looks."""
        box = _box_of(event)
        if box is None:
            return
        try:
            found = await read_as_current_user(
                stores_in, box, status=self._status, partner=self._partner, limit=LISTED_MAX + 1
            )
        except SignInNeeded as error:
            show_refusal(error)
            return
        self._list.clear()
        with self._list:
            count = f"{LISTED_MAX}+" if len(found) > LISTED_MAX else str(len(found))
            Tag("h2", _("{count} in view", count=count), "qd-map-list-head")
            for store in found[:LISTED_MAX]:
                _list_line(store)


def _list_line(store: MapStore) -> None:
    with Tag("a", css="qd-item", href=record_path("stores", store.code)):
        Tag("b", store.name)
        chip(_(STATUS_LABELS[StoreStatus(store.status)][0]), status_tone(store.status, store.score))
        Tag("small", store.code)
        Tag("small", "" if store.score is None else _("Score {score}", score=store.score))


def _box_of(event: GenericEventArguments) -> Box | None:
    detail = event.args.get("detail") if isinstance(event.args, dict) else None
    names = ("south", "west", "north", "east")
    stated = [detail.get(name) for name in names] if isinstance(detail, dict) else []
    numbers = [float(one) for one in stated if isinstance(one, int | float) and math.isfinite(one)]
    return Box(*numbers) if len(numbers) == len(names) and numbers[0] <= numbers[2] else None
