"""Bundles of style sheets and scripts, cached by browsers for a year by content hash."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import FastAPI, HTTPException, Response
from nicegui import ui

from core.settings import ROOT
from pages.components.base.design_tokens import token_css
from pages.components.base.icons import icon_css

PREFIX = "/static/qudao"
_STATIC = ROOT / "pages" / "static"
_PARTS: dict[str, tuple[str, ...]] = {
    "house.css": ("base.css", "frame.css", "parts.css", "fields.css", "grid.css"),
    "plain.css": ("base.css", "plain.css"),
    "boot.js": ("boot.js",),
    "apply.js": ("apply.js",),
    "photos.js": ("photos.js",),
    "connection.js": ("connection.js",),
    "draft.js": ("draft.js",),
    "position.js": ("position.js",),
    "map.js": ("map_ground.js", "map.js"),
    "house.js": (
        "format.js",
        "frame.js",
        "state.js",
        "filters.js",
        "grid_notes.js",
        "grid.js",
        "cards.js",
        "upload.js",
    ),
}
_MEDIA_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as the browser gets it; ``name`` carries the first 12 digits of its SHA-256."""

    name: str
    content: bytes
    media_type: str


def serve_assets(app: FastAPI) -> None:
    """Serve the assets below ``/static/qudao/`` and name them in the head of every NiceGUI page.

    Call it once, before the first page is requested.
    """

    @app.get(PREFIX + "/{name}", include_in_schema=False)
    def static_asset(name: str) -> Response:
        asset = next((asset for asset in map(_asset, _PARTS) if asset.name == name), None)
        if asset is None:
            raise HTTPException(404)
        headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
        return Response(asset.content, media_type=asset.media_type, headers=headers)

    ui.add_head_html(head_html(), shared=True)


def head_html() -> str:
    """Return the tags that load the bundles into a NiceGUI page; no inline script or style among them."""
    return (
        f'<script src="{asset_url("boot.js")}"></script>\n'
        f'<link rel="stylesheet" href="{asset_url("house.css")}">\n'
        f'<script defer src="{asset_url("house.js")}"></script>'
    )


def asset_url(name: str) -> str:
    """Return the address of a bundle, e.g. ``/static/qudao/house.0f3a….css`` for "house.css"."""
    return f"{PREFIX}/{_asset(name).name}"


@cache
def _asset(name: str) -> Asset:
    content = "\n".join((_STATIC / part).read_text("utf-8") for part in _PARTS[name])
    path = Path(name)
    if path.suffix == ".css":
        content = token_css() + content + icon_css()
    data = content.encode()
    digest = hashlib.sha256(data).hexdigest()[:12]
    return Asset(f"{path.stem}.{digest}{path.suffix}", data, _MEDIA_TYPES[path.suffix])
