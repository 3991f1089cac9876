"""Style that only one kind of page needs: it travels with that page instead of with all."""

from functools import cache
from pathlib import Path

from nicegui import ui

_STATIC = Path(__file__).parent.parent / "static"


def carry_style(name: str) -> None:
    """Put a style sheet of ``pages/static`` into the head of the page being drawn."""
    ui.add_head_html(f"<style>{_sheet(name)}</style>")


@cache
def _sheet(name: str) -> str:
    return (_STATIC / name).read_text("utf-8")
