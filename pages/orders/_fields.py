"""Header fields of an order: buyer and ship-to address, preset from the buyer."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.concurrency import run_in_threadpool

from core.i18n import _
from core.kinds.standard import NAME_LENGTH_MAX, NOTE_LENGTH_MAX
from models.regions import resolving
from pages.components.base.elements import Tag
from pages.components.forms.fields import FormField, Search, search_field, show_problems, text_field
from pages.components.layout.content import form
from pages.orders.queries import REGIONS_SHOWN, region_full_name
from pages.web.identity import current_actor
from services.money.credit import Buyer

SHIP_TO = ("ship_to_name", "ship_to_phone", "ship_to_region", "ship_to_address")


class OrderFields:
    """Inputs of an order's header."""

    def __init__(self, header: Mapping[str, str | None], on_change: Callable[[], None]) -> None:
        self.fields: dict[str, FormField] = {}
        self._header = dict(header)
        self._preset: dict[str, str] = {}
        self._on_change = on_change

    def draw(
        self, buyer: Buyer | None, search: Search, on_buyer: Callable[[], Awaitable[None]], *, has_choice: bool
    ) -> None:
        """Draw the inputs; ``search`` finds buyers, ``on_buyer`` is called when another one is chosen."""
        code, label = (buyer.code, f"{buyer.name} · {buyer.code}") if buyer else (None, "")
        with form():
            made = search_field("buyer", _("Buyer"), search, code, value_label=label, required=True, on_change=on_buyer)
            made.enable(has_choice)
            self.fields["buyer"] = made
        self._ship_to = Tag("div", css="qd-form")
        self.preset(buyer)

    def preset(self, buyer: Buyer | None) -> None:
        """Preset the buyer's ship-to address; edited fields stay."""
        fresh = _ship_to_of(buyer) if buyer else {}
        stated = self.stated if "note" in self.fields else {name: text or "" for name, text in self._header.items()}
        is_preset = {name: not stated.get(name) or stated[name] == self._preset.get(name) for name in SHIP_TO}
        values = {name: fresh.get(name, "") if is_preset[name] else stated[name] for name in SHIP_TO}
        if not self._preset and self._header.get("ship_to_name"):
            values = {name: self._header.get(name) or "" for name in SHIP_TO}  # an earlier order's own, as they are
        self._preset = fresh
        self._ship_to.clear()
        with self._ship_to:
            self._draw_ship_to(values, stated.get("note", ""))

    @property
    def stated(self) -> dict[str, str]:
        """Name → text of every input."""
        return {name: str(field.value or "").strip() for name, field in self.fields.items()}

    @property
    def summary(self) -> str:
        """Summary in one line, for small screens."""
        stated = self.stated
        parts = [stated["ship_to_name"], stated["ship_to_phone"], region_full_name(stated["ship_to_region"])]
        return " · ".join(filter(None, parts)) or _("Where the goods go")

    def refuse(self, problems: Mapping[str, str]) -> bool:
        """Show problems (field name to sentence) beside their inputs; return whether there is one."""
        show_problems(self.fields, problems)
        return any(name in self.fields for name in problems)

    def _draw_ship_to(self, values: Mapping[str, str], note: str) -> None:
        code = values["ship_to_region"]
        changed = self._on_change
        made = [
            text_field(
                "ship_to_name", _("Ship to"), values["ship_to_name"], max_length=NAME_LENGTH_MAX, on_change=changed
            ),
            text_field("ship_to_phone", _("Ship-to phone"), values["ship_to_phone"], max_length=40, on_change=changed),
            search_field(
                "ship_to_region",
                _("Ship-to region"),
                find_regions,
                code or None,
                value_label=region_full_name(code),
                on_change=changed,
            ),
            text_field("ship_to_address", _("Ship-to address"), values["ship_to_address"], max_length=NOTE_LENGTH_MAX),
            text_field("note", _("Note"), note, multiline=True, max_length=NOTE_LENGTH_MAX),
        ]
        self.fields |= {field.name: field for field in made}


async def find_regions(text: str) -> dict[str, str]:
    """Return adcode → name of regions that match a text."""
    await current_actor()
    found = await run_in_threadpool(resolving.search, text, REGIONS_SHOWN)
    return {one.code: one.full_name for one in found}


def _ship_to_of(buyer: Buyer) -> dict[str, str]:
    return {
        "ship_to_name": buyer.contact or buyer.name,
        "ship_to_phone": buyer.phone or "",
        "ship_to_region": buyer.region or "",
        "ship_to_address": buyer.address or "",
    }
