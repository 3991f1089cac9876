"""A new position of a store: the ways of registering, photos, why; somebody looks at it before it holds."""

from fastapi import Request

from core.addresses import KeyInPath, record_path
from core.errors import DomainError
from core.i18n import N_, _
from core.kinds.standard import NOTE_LENGTH_MAX
from core.permissions import Permission
from pages.components.base.assets import add_style
from pages.components.base.buttons import button, link_button
from pages.components.base.elements import Tag
from pages.components.base.navigation import leave_page
from pages.components.forms.fields import text_field
from pages.components.layout.content import notice, page_header, panel, paragraph, row
from pages.components.maps import MapPoint
from pages.shell.calls import RECONNECT_S, call_or_raise, page
from pages.shell.navigation import staff_shell
from pages.shell.reading import read
from pages.stores._photo_step import PhotoStep
from pages.stores._position_step import PositionStep
from pages.stores._review_record import Case, map_points, read_case
from services.stores.registration import move_store


def register_store_moving() -> None:
    """Register the page."""
    draw = page(
        "/stores/{code}/position",
        permission=Permission.STORE_REGISTER,
        title=N_("New position"),
        reconnect_timeout=RECONNECT_S,
    )
    draw(store_moving_page)


async def store_moving_page(request: Request, code: KeyInPath) -> None:
    """Draw the form.

    Raises:
        NotFound: ``stores.not_found``.
    """
    async with staff_shell(_("New position"), current="stores") as actor:
        add_style("stores.css")
        Moving(await read(actor, read_case, code)).draw()


class Moving:
    """The form on one person's screen."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._position = PositionStep(lambda: None, lambda: len(self._photos.references), asks_region=False)
        self._photos = PhotoStep(lambda: self._position.best, lambda: None)

    def draw(self) -> None:
        """Draw it; the present position and the stores around stand on the map."""
        store = self._case.store
        address = record_path("stores", store.code)
        with Tag("div", css="qd-register"):
            with page_header(
                _("New position of {name}", name=store.name), crumbs={_("Stores"): "/stores", store.code: address}
            ):
                pass
            self._problems = Tag("div", aria_live="assertive")
            with panel():
                paragraph(_("Where it was stays on record with its dates. A reviewer looks at the new position."))
                points = map_points(self._case)
                self._position.neighbours = [_as_before(one) for one in points]
                self._position.start = next((_as_pin(one) for one in points if one.kind == "here"), None)
                self._position.draw()
                if store.region:
                    self._position.set_region(store.region)
                self._photos.draw()
                self._note = text_field("note", _("Why it moved"), multiline=True, max_length=NOTE_LENGTH_MAX)
                with row():
                    button(_("Hand in the new position"), self._move, look="primary", testid="action-move")
                    link_button(_("Cancel"), address)

    async def _move(self) -> None:
        code = self._case.store.code
        if problem := self._photos.problem():
            self._refuse(problem)
            return
        try:
            await call_or_raise(
                move_store,
                code,
                self._position.fixes,
                self._photos.references,
                str(self._note.value or "").strip(),
                tried_again=self._position.tried_again,
            )
        except DomainError as error:
            self._refuse(error.text)
            return
        leave_page(record_path("stores", code))

    def _refuse(self, sentence: str) -> None:
        self._problems.clear()
        with self._problems:
            notice(sentence, "danger", testid="problem")


def _as_before(point: MapPoint) -> MapPoint:
    if point.kind != "here":
        return point
    return MapPoint(point.latitude, point.longitude, "before", _("Until now"))


def _as_pin(point: MapPoint) -> MapPoint:
    return MapPoint(point.latitude, point.longitude, "pin", _("The store"))
