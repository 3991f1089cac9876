"""Offline map without tiles: points on a graticule with the names of places, in light and dark."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from nicegui.events import GenericEventArguments

from core.i18n import _
from pages.components.base.assets import add_script, add_style
from pages.components.base.design_tokens import Tone
from pages.components.base.elements import Tag
from pages.components.lists.grid_spec import without_code

PLACES_URL = "/map/places"
PointKind = Literal["store", "here", "pin", "fix", "photo", "before"]


@dataclass(frozen=True, slots=True)
class MapPoint:
    """One point, in GCJ-02 (see docs/adr/0022).

    Attributes:
        kind: "here" for what the page is about, "store" for others, "pin" for one that can be moved, "fix" for what was
            measured, "photo" for where a photo was taken, "before" for an earlier position.
        label: Shown beside it.
        code: Of a store: a click offers to open it.
        accuracy_m: Radius of the circle around it in metres; 0 for none.
        tone: Colours a store by its status.
    """

    latitude: float
    longitude: float
    kind: PointKind = "store"
    label: str = ""
    code: str = ""
    accuracy_m: float = 0
    tone: Tone | None = None


class Map(Tag):
    """The map element; ``show`` and ``filter`` change its points."""

    def show(self, points: Sequence[MapPoint]) -> None:
        """Replace the points; the map moves so that all are in view."""
        self.put(points=without_code([asdict(point) for point in points]))

    def filter(self, query: str) -> None:
        """Change the query of the source, e.g. ``status=active``; the address of the page follows."""
        self.put(query=query)


def add_map() -> None:
    """Load what maps need; call it while the page is drawn if a map may be drawn later, by an event."""
    add_style("map.css")
    add_script("map.js")


def map_view(
    points: Sequence[MapPoint] = (),
    *,
    label: str,
    source: str = "",
    query: str = "",
    bounds: dict[str, float] | None = None,
    on_pin: Callable[[float, float], Any] | None = None,
    fill: bool = False,
    testid: str = "map",
) -> Map:
    """Draw a map. The page must have called ``add_map``.

    Args:
        points: Shown always.
        label: What the map shows, for who cannot see it; give the same facts as text beside it.
        source: Path that answers what lies in a box: see pages/stores/map_page.py. ``query`` narrows it.
        bounds: What to show at first: south, west, north, east; without it all points.
        on_pin: Function or coroutine function that gets latitude and longitude when the person sets or moves the pin.
        fill: As high as the page leaves room.
    """
    config = {
        "places": PLACES_URL,
        "source": source,
        "pin": on_pin is not None,
        "bounds": bounds,
        "fit": bounds is not None,
    }
    config |= {"note": _("GCJ-02 · no base map"), "texts": _texts(label)}
    made = Map("qudao-map", css="qd-map qd-map-fill" if fill else "qd-map", testid=testid)
    made.put(config=without_code(config), query=query)
    made.show(points)
    if on_pin is not None:

        async def moved(event: GenericEventArguments) -> None:
            place = pair_of(event)
            result = on_pin(*place) if place else None
            if result is not None:
                await result

        made.on("pinmoved", moved, ["detail"])
    return made


def pair_of(event: GenericEventArguments) -> tuple[float, float] | None:
    """Return latitude and longitude of an event of the browser, None if it does not carry them."""
    detail = event.args.get("detail") if isinstance(event.args, dict) else None
    stated = [detail.get(name) for name in ("latitude", "longitude")] if isinstance(detail, dict) else []
    numbers = [float(one) for one in stated if isinstance(one, int | float)]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else None


def _texts(label: str) -> dict[str, str]:
    return {
        "label": label,
        "closer": _("Closer"),
        "farther": _("Farther away"),
        "all": _("Show all"),
        "several": _("{count} stores: look closer"),
        "open": _("Open"),
        "close": _("Close"),
        "offline": _("The stores could not be loaded. Check the network and try again."),
        "move": _("Move the pin"),
        "north": _("Move north"),
        "west": _("Move west"),
        "east": _("Move east"),
        "south": _("Move south"),
        "pin": _("The store"),
    }
