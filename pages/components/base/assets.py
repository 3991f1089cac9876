"""Style sheets and scripts that only some pages load."""

from functools import cache

from nicegui import ui

from core.settings import ROOT
from pages.components.base.theme import asset_url

_STATIC = ROOT / "pages" / "static"


def add_style(name: str) -> None:
    """Put a style sheet of ``pages/static`` into the head of the page being drawn."""
    ui.add_head_html(f"<style>{_sheet(name)}</style>")


def add_script(name: str) -> None:
    """Load a script of ``pages/static`` with the page being drawn; call it while it is drawn, not later."""
    ui.add_head_html(f'<script defer src="{asset_url(name)}"></script>')


@cache
def _sheet(name: str) -> str:
    return (_STATIC / name).read_text("utf-8")
