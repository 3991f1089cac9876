"""Icons: simple strokes on a 20-unit square, drawn as masks so that they take the text colour.

An icon is a class (``qd-icon-search``) on the element that carries it; it costs no element of its own.
"""

from typing import Literal, get_args
from urllib.parse import quote

Icon = Literal[
    "menu",
    "search",
    "close",
    "fold",
    "down",
    "check",
    "plus",
    "up",
    "columns",
    "rows",
    "filter",
    "file",
    "bell",
    "account",
    "home",
    "approvals",
    "orders",
    "customers",
    "partners",
    "stores",
    "imports",
    "products",
    "prices",
    "ledger",
    "reports",
    "users",
    "jobs",
    "events",
    "settings",
    "camera",
    "place",
    "locate",
    "map",
    "minus",
    "left",
    "right",
    "key",
    "dot",
]

_STROKES: dict[Icon, str] = {
    "menu": "M3 5.5h14M3 10h14M3 14.5h14",
    "search": "M9 3.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 0 1 0-11zM13 13l4 4",
    "close": "M5 5l10 10M15 5L5 15",
    "fold": "M12 5l-5 5l5 5M16 5v10",
    "down": "M5 7.5l5 5l5-5",
    "up": "M5 12.5l5-5l5 5",
    "check": "M4 10.5l4 4l8-9",
    "plus": "M10 4.5v11M4.5 10h11",
    "columns": "M3 4h14v12H3zM8 4v12M12.5 4v12",
    "rows": "M3 4h14v12H3zM3 8h14M3 12h14",
    "filter": "M3 5h14M6 10h8M8.5 15h3",
    "file": "M5 2.5h6.5L15 6v11.5H5zM11 2.5V6.5h4",
    "bell": "M5 14V9a5 5 0 0 1 10 0v5l1.5 1h-13zM8.5 17.5h3",
    "account": "M10 3.5a3 3 0 1 1 0 6a3 3 0 0 1 0-6zM3.5 17c.6-3.4 3.2-5 6.5-5s5.9 1.6 6.5 5",
    "home": "M3 9.5L10 3.5L17 9.5M5 8v8.5h10V8M8.5 16.5V12h3v4.5",
    "approvals": "M4 3.5h12v13H4zM7 10.5l2 2l4-4.5",
    "orders": "M5 2.5h10v15l-2.5-1.5l-2.5 1.5l-2.5-1.5L5 17.5zM7.5 6.5h5M7.5 10h5",
    "customers": "M7.5 4a2.8 2.8 0 1 1 0 5.6a2.8 2.8 0 0 1 0-5.6zM2.5 16c.4-2.8 2.4-4 5-4s4.6 1.2 5 4"
    "M13 4.3a2.6 2.6 0 0 1 0 5M14.5 12.2c1.8.5 2.8 1.8 3 3.8",
    "partners": "M8 2.5h4v4H8zM2.5 13.5h4v4h-4zM13.5 13.5h4v4h-4zM10 6.5V10M4.5 13.5V10h11v3.5",
    "stores": "M3.5 8v9h13V8M2.5 8l1.5-4.5h12L17.5 8zM8 17v-5h4v5",
    "imports": "M10 3v9M6.5 8.5L10 12l3.5-3.5M3.5 13v4h13v-4",
    "products": "M3 6.5L10 3l7 3.5v7L10 17l-7-3.5zM3 6.5l7 3.5l7-3.5M10 10v7",
    "prices": "M3 3h7l7 7l-7 7l-7-7zM6.5 6.5h.1",
    "ledger": "M4 3h12v14H4zM7 3v14M10 7h3.5M10 10.5h3.5",
    "reports": "M3 17h14M5 17v-6M10 17V4M15 17V8",
    "users": "M10 3.5a3 3 0 1 1 0 6a3 3 0 0 1 0-6zM3.5 17c.6-3.4 3.2-5 6.5-5s5.9 1.6 6.5 5",
    "jobs": "M10 3a7 7 0 1 1 0 14a7 7 0 0 1 0-14zM10 6v4l3 2",
    "events": "M4 5h.1M4 10h.1M4 15h.1M7.5 5H17M7.5 10H17M7.5 15H17",
    "settings": "M3 6h8M15 6h2M13 4v4M3 14h2M9 14h8M7 12v4",
    "camera": "M3 6h3.5L8 4h4l1.5 2H17v10H3zM10 8.2a2.8 2.8 0 1 1 0 5.6a2.8 2.8 0 0 1 0-5.6z",
    "place": "M10 2.5a5.5 5.5 0 0 1 5.5 5.5c0 3.8-5.5 9.5-5.5 9.5S4.5 11.8 4.5 8"
    "A5.5 5.5 0 0 1 10 2.5zM10 6a2 2 0 1 1 0 4a2 2 0 0 1 0-4z",
    "locate": "M10 5a5 5 0 1 1 0 10a5 5 0 0 1 0-10zM10 2v3M10 15v3M2 10h3M15 10h3",
    "map": "M2.5 5l5-2l5 2l5-2v12l-5 2l-5-2l-5 2zM7.5 3v12M12.5 5v12",
    "minus": "M4.5 10h11",
    "left": "M12.5 5l-5 5l5 5",
    "right": "M7.5 5l5 5l-5 5",
    "key": "M7 9a3.5 3.5 0 1 1 0 7a3.5 3.5 0 0 1 0-7zM9.5 10L16.5 3M13 6.5l2.5 2.5M15 4.5l1.5 1.5",
    "dot": "M10 8.5a1.5 1.5 0 1 1 0 3a1.5 1.5 0 0 1 0-3z",
}


def icon_css() -> str:
    """Return one rule per icon, naming its mask."""
    rules = [f'.qd-icon-{name}{{--icon:url("{_mask(_STROKES[name])}")}}' for name in get_args(Icon)]
    return "@layer components {\n" + "\n".join(rules) + "\n}\n"


def _mask(strokes: str) -> str:
    drawing = (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 20 20' fill='none' stroke='#000' stroke-width='1.5' "
        f"stroke-linecap='round' stroke-linejoin='round'><path d='{strokes}'/></svg>"
    )
    return "data:image/svg+xml," + quote(drawing, safe="/:='")
