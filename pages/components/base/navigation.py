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
    """Open this page anew, as it is now."""
    ui.navigate.reload()


def ask_before_leaving(is_unsaved: bool) -> None:
    """Let the browser ask once before the page is left, for as long as something is typed and not saved."""
    ui.run_javascript(_ASK if is_unsaved else _DO_NOT_ASK)


def leave_page(path: str = "") -> None:
    """Open another page, or reload with "", without a warning: input is saved, or discarded on purpose."""
    where = f"location.assign({json.dumps(safe_url(path))});" if path else "location.reload();"
    ui.run_javascript(f"{_DO_NOT_ASK} {where}")  # one script: two messages may overtake each other


def download_button(label: str, href: str, *, testid: str | None = None) -> Tag:
    """Draw a link that fetches a file with the query of the address as it is at the click, so what the list shows."""
    made = link_button(label, href, testid=testid)
    made.on("click", js_handler=_KEEP_QUERY)
    return made


def replace_address(path: str) -> None:
    """Show another address of ours for the page as it is, so that opening it again leads back here."""
    ui.run_javascript(f"history.replaceState(history.state, '', {json.dumps(safe_url(path))});")


def offer_file(name: str, content: bytes, media_type: str) -> None:
    """Give the browser a small file made just now; it travels with the event and lies nowhere."""
    ui.download(content, name, media_type)
