"""A link to hand on: to copy with one click, or to scan from the screen."""

import segno

from core.i18n import _
from pages.house.elements import Tag
from pages.house.own_style import carry_style

# Without https there is no clipboard to write to, but what is selected can still be copied.
_COPY = """(event) => {
  const box = event.currentTarget.closest(".qd-link");
  const input = box.querySelector("input");
  input.select();
  const old = () => document.execCommand("copy");
  const copied = window.isSecureContext && navigator.clipboard
    ? navigator.clipboard.writeText(input.value).catch(old) : Promise.resolve(old());
  copied.then(() => { box.querySelector("[role=status]").textContent = box.dataset.copied; });
}"""


def link_card(label: str, link: str, *, note: str = "", name: str = "link", scan: bool = True) -> Tag:
    """Draw a link with a button that copies it and a picture to scan.

    Args:
        label: What it is. note: who may have it, until when.
        name: The input's test id is ``field-NAME``, the button's ``action-copy-NAME``.
        scan: Whether to draw the picture; not for what nobody opens on a phone, such as a key.
    """
    with Tag("div", css="qd-link", data_copied=_("Copied")) as made:
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


def carry_links() -> None:
    """Bring the style of link cards with the page being drawn; call it while it is drawn, not later."""
    carry_style("links.css")
