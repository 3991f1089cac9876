"""Grid specification as data: columns, formats, actions. Declared in code only."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from core.limits import PARAMETER_LENGTH_MAX
from pages.components.base.design_tokens import Tone

Align = Literal["left", "right", "center"]
Format = Literal["text", "money", "date", "datetime", "number", "chip", "tags", "phone"]

KEYS_MAX = 1000
_KEY_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True)
class GridColumn:
    """One column.

    Attributes:
        name: Key of the value in the rows of the answer, and name in ``sort``, ``cols`` and the filters.
        align: Left to "" it follows the format: money and numbers stand right.
        width: Pixels; 0 takes a share of the room left.
        pinned: Stays in view at the left while the others scroll.
        chip: For format "chip": value to (label, tone).
        link: Leads to ``/RESOURCE/KEY``.
        format: How the raw value reads: "money" is a decimal string of yuan, "date" ISO, "datetime" an ISO instant,
            "tags" a list of strings.
        sortable: People may sort by it; the endpoint must be able to.
        shown: Shown unless the address or the person says otherwise.
    """

    name: str
    label: str
    align: Align | Literal[""] = ""
    width: int = 0
    pinned: bool = False
    chip: Mapping[str, tuple[str, Tone]] | None = None
    link: bool = False
    format: Format = "text"
    sortable: bool = True
    shown: bool = True


@dataclass(frozen=True, slots=True)
class GridSpec:
    """A list over ``GET /grid/RESOURCE``.

    Attributes:
        resource: Name in the address of the endpoint and of the records.
        label: What the rows are, for screen readers: "Orders".
        key: Column that identifies a row; "" is the first column that links.
        sort: Order of rows while the address names none: "-placed_at,number".
        sums: Names of columns whose sums over the whole filter stand at the foot.
        count_label: Text of the foot with ``{count}``: "Orders: {count}".
        empty_title: Said when there is nothing at all; ``empty_text`` and the action say what to do.
        empty_action: (label, href) of that one thing.
        state: The query of the page as the server got it, if it is at hand; the browser's address wins.
    """

    resource: str
    label: str
    columns: Sequence[GridColumn]
    key: str = ""
    sort: str = ""
    sums: Sequence[str] = ()
    count_label: str = ""
    empty_title: str = ""
    empty_text: str = ""
    empty_action: tuple[str, str] | None = None
    page_size: int = 100
    state: Mapping[str, str] = field(default_factory=dict)

    @property
    def key_column(self) -> str:
        """Name of the column that identifies a row."""
        linked = (column.name for column in self.columns if column.link)
        return self.key or next(linked, self.columns[0].name)


@dataclass(frozen=True, slots=True)
class Selection:
    """Selected rows.

    Attributes:
        keys: Keys of the rows, at most ``KEYS_MAX``; empty with ``all_matching``.
        all_matching: Whether the selection is every row that matches ``query``, however many.
        query: Filters and search of the list at that moment, as in its address.
        count: Number of rows shown to the person.
    """

    keys: tuple[str, ...] = ()
    all_matching: bool = False
    query: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True)
class GridAction:
    """Action on the selected rows; ``run`` gets the selection and may be a coroutine function."""

    name: str
    label: str
    run: Callable[[Selection], Awaitable[None] | None]
    look: Literal["plain", "primary", "danger"] = "plain"


def selection_from(detail: object) -> tuple[str, Selection] | None:
    """Return (action, selection) from the browser, or ``None`` if they do not have the expected shape.

    The action is "" when only the selection changed.
    """
    if not isinstance(detail, dict):
        return None
    action, keys, query = detail.get("action", ""), detail.get("keys", []), detail.get("query", "")
    count, everything = detail.get("count", 0), detail.get("all", False)
    if not (isinstance(action, str) and isinstance(query, str) and isinstance(keys, list)):
        return None
    if not (isinstance(count, int) and isinstance(everything, bool)):
        return None
    if len(keys) > KEYS_MAX or len(query) > PARAMETER_LENGTH_MAX:
        return None
    if not all(isinstance(key, str) and 0 < len(key) <= _KEY_LENGTH_MAX for key in keys):
        return None
    return action, Selection(() if everything else tuple(keys), everything, query, count)


def without_code(value: Any) -> str:
    """Return ``value`` as JSON for an attribute.

    Raises:
        ValueError: A key begins with ":", which the grid would run as code.
    """
    _refuse_code(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _refuse_code(value: Any) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            if str(key).startswith(":"):
                raise ValueError(f"a key of a grid must not begin with a colon: {key}")
            _refuse_code(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _refuse_code(inner)
