"""Link card: a link to copy with one click, or to scan from the screen."""

import segno
from nicegui import context

from core.i18n import _
from core.settings import settings
from pages.components.base.assets import add_style
from pages.components.base.elements import Tag

# Without https there is no clipboard to write to. What is selected can still be copied: by the browser's old command,
# or by the person, who reads a hint to do so.
_COPY = """(event) => {
  const button = event.currentTarget;
  const box = button.closest(".qd-link");
  const input = box.querySelector("input");
  const select = () => { input.focus(); input.select(); };
  const old = () => {
    select();
    try { return document.execCommand("copy"); } catch { return false; }
  };
  const copied = window.isSecureContext && navigator.clipboard
    ? navigator.clipboard.writeText(input.value).then(() => true, old) : Promise.resolve(old());
  copied.then((isDone) => {
    if (isDone) button.focus();
    else select();
    box.querySelector("[role=status]").textContent = isDone ? box.dataset.copied : box.dataset.selected;
  });
}"""


def link_card(label: str, link: str, *, note: str = "", name: str = "link", scan: bool = True) -> Tag:
    """Draw a link with a button that copies it and a picture to scan.

    Args:
        label: What it is. note: who may have it, until when.
        name: The input's test id is ``field-NAME``, the button's ``action-copy-NAME``.
        scan: Whether to draw the picture; not for texts that are never opened on a phone, such as a key.
    """
    selected = _("Selected. Now copy it yourself: Ctrl C, or hold it down on a phone.")
    with Tag("div", css="qd-link", data_copied=_("Copied"), data_selected=selected) as made:
        with Tag("div", css="qd-link-words"):
            shown = Tag("label", label, "qd-label")
            with Tag("div", css="qd-link-line"):
                field = Tag("input", css="qd-input", type="text", readonly=True, value=link, testid=f"field-{name}")
                field.put(id=f"link-{name}", spellcheck="false")
                copy = Tag("button", _("Copy"), "qd-btn", type="button", testid=f"action-copy-{name}")
                copy.on("click", js_handler=_COPY)
            shown.put(for_=f"link-{name}")
            Tag("span", css="qd-link-copied", role="status")
            if note:
                Tag("p", note, "qd-hint")
        if scan:
            picture = str(segno.make(link, error="m").svg_data_uri(scale=4, border=2, light="white"))
            Tag("img", css="qd-link-picture", src=picture, alt=_("Picture to scan"))
    return made


def full_address(path: str) -> str:
    """Return the absolute URL of a path."""
    base = settings().public_url or str(context.client.request.base_url)
    return base.rstrip("/") + path


def add_link_style() -> None:
    """Load the style of link cards with the page being drawn; call it while it is drawn, not later."""
    add_style("links.css")
