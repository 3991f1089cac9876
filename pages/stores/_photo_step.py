"""Photos of a store as evidence: handed in, and at once compared with the position that is stated."""

from collections.abc import Callable, Mapping
from typing import Any

from core.errors import InvalidInput
from core.i18n import _
from core.positions.points import to_wgs84
from pages.components.base.elements import Tag
from pages.components.forms.photos import PhotoField, photo_field
from pages.components.layout.content import notice
from pages.stores._queries import apart_m, length_text
from services.files.pictures import HandedPicture, picture_of
from services.stores.fixes import Fix

PHOTOS_MAX = 5
FAR_M = 2000


class PhotoStep:
    """The photos handed in so far.

    Args:
        best: Returns the position stated, None for none yet.
        on_change: Called when a photo has come or gone.
    """

    def __init__(self, best: Callable[[], Fix | None], on_change: Callable[[], None]) -> None:
        self._best = best
        self._on_change = on_change

    @property
    def references(self) -> tuple[str, ...]:
        """What to hand to the service."""
        return tuple(self.field.value)

    def draw(self) -> None:
        """Draw the place for photos and what is said about them."""
        hint = _(
            "The front with its sign first. Who reviews the store sees them; place and time hidden in a photo are"
            " compared with the position and then removed."
        )
        self.field: PhotoField = photo_field(
            "photos", _("Photos of the store"), photos_max=PHOTOS_MAX, on_change=self._changed, hint=hint
        )
        self._note = Tag("div", css="qd-stack", aria_live="polite")

    def problem(self) -> str:
        """Return why they cannot be handed in yet, "" if they can."""
        if self.field.is_sending:
            return _("A photo is still on its way. Wait until it is there, then try again.")
        return ""

    def compare(self) -> None:
        """Say how far from the position each photo says it was taken."""
        best = self._best()
        self._note.clear()
        with self._note:
            for handed in map(_handed, self.field.value):
                if handed and best and handed.latitude is not None and handed.longitude is not None:
                    here = to_wgs84(best.latitude, best.longitude, best.datum)
                    _draw_distance(apart_m((handed.latitude, handed.longitude), here))

    def resume(self, state: Mapping[str, Any]) -> bool:
        """Take back the photos of a draft that are still there; return whether there is one."""
        stated = state.get("photos")
        kept = [one for one in stated if isinstance(one, str) and _handed(one)] if isinstance(stated, list) else []
        self.field.value = kept[:PHOTOS_MAX]
        return bool(kept)

    def _changed(self) -> None:
        self.field.refuse("")
        self.compare()
        self._on_change()


def _draw_distance(metres: float) -> None:
    far = length_text(metres)
    if metres > FAR_M:
        notice(_("A photo says it was taken {distance} from here. Is it of this store?", distance=far), "warning")
    else:
        notice(_("A photo says it was taken {distance} from here: that fits.", distance=far), "ok")


def _handed(reference: str) -> HandedPicture | None:
    try:
        return picture_of(reference)
    except InvalidInput:
        return None
