"""The basic element: a plain HTML tag with text, classes and a test id."""

from collections.abc import Callable
from typing import Any

from nicegui.elements.mixins.text_element import TextElement

Click = Callable[[], Any]
"""Click handler: a function without arguments, or a coroutine function."""

_SAFE_SCHEMES = ("https:", "http:", "tel:", "mailto:")


class Tag(TextElement):
    """A plain HTML element; its text is always text, never markup.

    Attributes of ``None`` or ``False`` are left out, ``True`` is an attribute without value, and an underscore in a
    name stands for a hyphen: ``Tag("a", "Orders", href="/orders", aria_current="page")``. A ``href`` that is neither a
    path of ours nor of a harmless scheme becomes "#".

    Args:
        tag: Name of the HTML element.
        text: Shown before the children.
        css: Classes, separated by spaces.
        testid: Becomes ``data-testid``.
    """

    def __init__(
        self,
        tag: str,
        text: str = "",
        css: str = "",
        *,
        testid: str | None = None,
        **attributes: str | int | bool | None,
    ) -> None:
        super().__init__(tag=tag, text=text)
        if css:
            self.classes(css)
        self.put(data_testid=testid, **attributes)

    def put(self, **attributes: str | int | bool | None) -> None:
        """Set HTML attributes; ``None`` or ``False`` takes one away."""
        for name, value in attributes.items():
            key = name.strip("_").replace("_", "-")
            if value is None or value is False:
                self.props.pop(key, None)
            else:
                self.props[key] = "" if value is True else safe_url(str(value)) if key == "href" else value


def safe_url(url: str) -> str:
    """Return ``url`` if it is a path of ours or of a harmless scheme, else "#"; for every address a person typed."""
    plain = "".join(character for character in url if character.isprintable()).strip()
    head = plain.split("/", 1)[0].split("?", 1)[0].split("#", 1)[0]
    if ":" in head:
        return plain if plain.lower().startswith(_SAFE_SCHEMES) else "#"
    return "#" if plain.startswith(("//", "\\", "/\\")) else plain
