"""Navigation: to another page, reload, download; with a warning if unsaved input would be lost."""

import json

from nicegui import ui

from pages.components.base.buttons import link_button
from pages.components.base.elements import Tag, safe_url

_KEEP_QUERY = "(event) => { event.currentTarget.search = location.search; }"
_ASK = "window.onbeforeunload = (event) => { event.preventDefault(); event.returnValue = true; return true; };"
_DO_NOT_ASK = "window.onbeforeunload = null;"


def go_to(path: str) -> None:
    """Open another page of ours."""
    ui.navigate.to(safe_url(path))


def load_again() -> None:
    """Reload this page."""
    ui.navigate.reload()


def ask_before_leaving(is_unsaved: bool) -> None:
    """Let the browser warn before the page is left while there is unsaved input."""
    ui.run_javascript(_ASK if is_unsaved else _DO_NOT_ASK)


def leave_page(path: str = "") -> None:
    """Open another page, or reload with "", without a warning: input is saved, or discarded on purpose."""
    where = f"location.assign({json.dumps(safe_url(path))});" if path else "location.reload();"
    ui.run_javascript(f"{_DO_NOT_ASK} {where}")  # one script: two messages may overtake each other


def download_button(label: str, href: str, *, testid: str | None = None) -> Tag:
    """Draw a link that downloads a file with the current query of the address, so with the rows that the list shows."""
    made = link_button(label, href, testid=testid)
    made.on("click", js_handler=_KEEP_QUERY)
    return made


def replace_address(path: str) -> None:
    """Replace the address of this page, so that a reload leads back to its state."""
    ui.run_javascript(f"history.replaceState(history.state, '', {json.dumps(safe_url(path))});")


def offer_file(name: str, content: bytes, media_type: str) -> None:
    """Let the browser download a small file that is made now and not stored."""
    ui.download(content, name, media_type)
