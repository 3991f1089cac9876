"""Photo upload in forms, and display of stored photos."""

import json
from collections.abc import Sequence
from typing import Any

from nicegui.elements.mixins.value_element import ValueElement
from nicegui.events import GenericEventArguments

from core.files.pictures import PICTURE_BYTES_MAX, REFERENCE_LENGTH_MAX
from core.i18n import _
from core.settings import MIB
from pages.components.base.assets import add_script, add_style
from pages.components.base.elements import Tag
from pages.components.forms.fields import Change, FormField
from pages.components.lists.grid_spec import without_code

UPLOAD_URL = "/pictures"


class PhotoInput(ValueElement[list[str]]):
    """The element of a photo field; its value is the list of references to uploaded photos.

    Attributes:
        is_sending: Whether a photo is still on its way.
    """

    VALUE_PROP = "references"
    LOOPBACK = False

    def __init__(self, config: dict[str, Any], photos_max: int, value: Sequence[str]) -> None:
        self._photos_max = photos_max
        self.is_sending = False
        super().__init__(tag="qudao-photos", value=list(value))
        self.classes("qd-photos")
        self.props["config"] = without_code(config)
        self.on("photoschange", self._changed, ["detail"])

    def _value_to_model_value(self, value: list[str]) -> str:
        return json.dumps(value)

    def _changed(self, event: GenericEventArguments) -> None:
        detail = event.args.get("detail") if isinstance(event.args, dict) else None
        stated = detail.get("references") if isinstance(detail, dict) else None
        if isinstance(stated, list) and isinstance(detail, dict):
            self.is_sending = detail.get("sending") is True
            sound = [one for one in stated if isinstance(one, str) and len(one) <= REFERENCE_LENGTH_MAX]
            self.set_value(sound[: self._photos_max])


class PhotoField(FormField):
    """A field whose value is a list of references to pictures; the service that files them checks each."""

    @property
    def is_sending(self) -> bool:
        """Whether a photo is still on its way: wait for it before the form is handed in."""
        return isinstance(self.control, PhotoInput) and self.control.is_sending

    def hold(self, control: ValueElement[Any], on_change: Change | None) -> None:
        """Take the control; name and label go to the file input inside it."""
        super().hold(control, on_change)
        for name in ("for", "data-testid", "name"):
            control.props.pop(name, None)
        self._label.put(for_=None)


def photo_field(
    name: str,
    label: str,
    *,
    hint: str = "",
    required: bool = False,
    photos_max: int = 1,
    value: Sequence[str] = (),
    on_change: Change | None = None,
) -> PhotoField:
    """Draw an input to take or choose photos; ``value`` of the field is a list of references, see services/pictures.

    On a phone the browser offers camera and album. Each photo is sent at once, with its progress, and what is shown is
    the cleaned picture as it will be kept. A photo that cannot be taken says why, and another can be chosen.

    Args:
        photos_max: How many at most.
        value: References, e.g. of a draft that is resumed.
    """
    add_style("photos.css")
    add_script("photos.js")
    field = PhotoField(name, label, required=required, hint=hint, css="qd-wide")
    config = {
        "url": UPLOAD_URL,
        "name": name,
        "photosMax": photos_max,
        "bytesMax": PICTURE_BYTES_MAX,
        "texts": {
            "label": label,
            "first": _("Take or choose a photo"),
            "another": _("Another photo"),
            "sending": _("Sending …"),
            "remove": _("Remove photo {number}"),
            "shown": _("Photo {number}"),
            "again": _("Try again"),
            "tooLarge": _(
                "The picture is larger than {limit} MB. Choose a smaller one.", limit=PICTURE_BYTES_MAX // MIB
            ),
            "offline": _("The photo did not arrive. Check the network and try again."),
        },
    }
    with field.box:
        made = PhotoInput(config, photos_max, value)
    field.hold(made, on_change)
    return field


def photo_view(url: str, words: str, *, note: str = "", testid: str | None = None) -> Tag:
    """Draw a stored photo in a calm frame; a click opens it large in its own tab.

    Args:
        url: Serves the picture to users who may see it.
        words: What it shows, for who cannot see it.
        note: Below it, e.g. when it was taken.
    """
    add_style("photos.css")
    with Tag("figure", css="qd-photo-view") as made:
        with Tag("a", href=url, target="_blank", rel="noopener", testid=testid):
            Tag("img", src=url, alt=words, loading="lazy", decoding="async")
        if note:
            Tag("figcaption", note)
    return made
