"""Finding things on a page as the browser tests do: by their ``data-testid``."""

from nicegui import ElementFilter, ui
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction


def found(user: User, testid: str) -> UserInteraction[ui.element]:
    """Return the elements with this ``data-testid``, to click, trigger or look at.

    Raises:
        AssertionError: There is none.
    """
    assert user.client
    with user.client:
        elements = {element for element in ElementFilter() if element.props.get("data-testid") == testid}
    assert elements, f"nothing on the page has the test id {testid}"
    return UserInteraction(user, elements, testid)


def one(user: User, testid: str) -> ui.element:
    """Return the only element with this ``data-testid``."""
    (element,) = found(user, testid).elements
    return element


def is_there(user: User, testid: str) -> bool:
    """Return whether the page has an element with this ``data-testid``."""
    assert user.client
    with user.client:
        return any(element.props.get("data-testid") == testid for element in ElementFilter())


def state(user: User, name: str, value: object) -> None:
    """Put ``value`` into the field ``name``, as a person would."""
    assert user.client
    with user.client:
        one(user, f"field-{name}").value = value  # type: ignore[attr-defined]
