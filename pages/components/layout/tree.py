"""Collapsible tree."""

from collections.abc import Iterator
from contextlib import contextmanager

from core.i18n import _
from pages.components.base.assets import add_style
from pages.components.base.elements import Tag


@contextmanager
def tree(label: str) -> Iterator[None]:
    """Draw a tree; its nodes are drawn inside. Call it while the page is drawn, not later."""
    add_style("tree.css")
    with Tag("div", css="qd-tree", role="group", aria_label=label):
        yield


@contextmanager
def tree_node(
    title: str, *, count: int, note: str = "", href: str = "", is_open: bool = True, testid: str | None = None
) -> Iterator[None]:
    """Draw a node; its children are drawn inside.

    Args:
        count: How many it holds in all. note: what else counts at a glance. href: where a link at its right leads.
        is_open: Whether what it holds is shown at first.
    """
    with Tag("div", css="qd-node-box"):
        with Tag("details", css="qd-node", open=is_open, testid=testid):
            with Tag("summary", css="qd-node-head"):
                Tag("b", title, "qd-node-title")
                with Tag("span", css="qd-tag", title=_("People")):
                    Tag("span", f"{count:,}")
                if note:
                    Tag("small", note)
            with Tag("div", css="qd-node-body"):
                yield
        if href:  # beside what opens and closes, not in it: a control within a control is neither
            Tag("a", _("See it"), "qd-node-open", href=href, aria_label=_("See {name}", name=title))


def tree_leaf(title: str, *, note: str = "", aside: str = "", href: str = "", testid: str | None = None) -> None:
    """Draw a leaf: a name, a note behind it, and a small text at the right."""
    with Tag("div", css="qd-leaf", testid=testid):
        Tag("a" if href else "span", title, "qd-leaf-title", href=href or None)
        Tag("span", note, "qd-leaf-note")
        Tag("small", aside)
