"""Focus management after changes of a page: to what has opened, or to the first problem."""

import json

from nicegui.element import Element

from pages.components.base.elements import Tag


def focus_on(part: Tag) -> None:
    """Move the focus to ``part``, e.g. the heading of what has opened; screen readers read it out."""
    part.put(tabindex=-1)
    _call(part, within=False)


def focus_within(part: Element) -> None:
    """Put the focus on ``part`` if it takes it, as an input does, else on the first thing inside that does."""
    _call(part, within=True)


def _call(part: Element, *, within: bool) -> None:
    part.client.run_javascript(f"window.qudao.focusOn({json.dumps(part.html_id)}, {json.dumps(within)});")
