"""Validation of socket messages: the frames that our own pages send, and the arguments each element has declared.

Everything else is refused before the framework reads it: its handlers take what they get, and fail over it.
"""

import re
from collections.abc import Mapping
from typing import Any

from nicegui import helpers, json
from nicegui.element import Element
from nicegui.elements.checkbox import Checkbox
from nicegui.elements.dialog import Dialog
from nicegui.elements.input import Input
from nicegui.elements.mixins.value_element import ValueElement
from nicegui.elements.select import Select
from nicegui.event_listener import EventListener

MESSAGES = frozenset({"handshake", "event", "javascript_response", "ack", "log"})
"""Names of the messages that pages send."""

PONG, CONNECT = "3", "40"
LEAVING = ("1", "41")
"""Frames that close a connection."""

ID_LENGTH_MAX = 100
ARGUMENTS_MAX = 10

_NUMBER = re.compile(r"[0-9]{1,18}")
_EVENT = re.compile(r"42\d{0,9}(?=\[)")


def is_message(frame: str) -> bool:
    """Return whether a frame is one of the messages that pages send: ``42["NAME",{…}]``."""
    head = _EVENT.match(frame)
    if head is None:
        return False
    try:
        stated = json.loads(frame[head.end() :])
    except ValueError:
        return False
    return len(stated) == 2 and isinstance(stated[0], str) and stated[0] in MESSAGES and isinstance(stated[1], dict)


def is_handshake(stated: Mapping[str, Any]) -> bool:
    """Return whether this is the payload of a handshake."""
    names = [stated.get(name) for name in ("client_id", "tab_id", "document_id")]
    return (
        all(is_id(one) for one in names)
        and (stated.get("old_tab_id") is None or is_id(stated["old_tab_id"]))
        and (stated.get("next_message_id") is None or is_number(stated["next_message_id"]))
    )


def is_id(stated: object) -> bool:
    """Return whether this can be an identifier of the framework."""
    return isinstance(stated, str) and 0 < len(stated) <= ID_LENGTH_MAX


def is_number(stated: object) -> bool:
    """Return whether this is the number of a message: from 0, as a number or in digits."""
    return not isinstance(stated, bool) and _NUMBER.fullmatch(str(stated)[:20]) is not None


def arguments_of(stated: object) -> list[Any] | None:
    """Return the arguments of an event, which come as JSON texts; None if they are malformed."""
    if not isinstance(stated, list) or len(stated) > ARGUMENTS_MAX:
        return None
    try:
        return [None if one is None else json.loads(one) for one in stated]
    except (ValueError, TypeError):
        return None


def are_declared(arguments: list[Any], sender: Element, listener: EventListener) -> bool:
    """Return whether these are arguments that this listener has declared, of the type its element works with."""
    if listener.args is not None:
        if len(arguments) > len(listener.args):
            return False
        for names, stated in zip(listener.args, arguments, strict=False):
            if names is not None and isinstance(stated, dict) and not stated.keys() <= set(names):
                return False
    if isinstance(sender, ValueElement) and listener.type == _change_of(sender):
        return len(arguments) == 1 and _is_value(arguments[0], sender)
    return True


def _change_of(sender: ValueElement[Any]) -> str:
    return helpers.event_type_to_camel_case(f"update:{sender.VALUE_PROP}")


def _is_value(stated: object, sender: ValueElement[Any]) -> bool:
    """Return whether this is a possible value of an element; unknown elements accept none."""
    if isinstance(sender, Select):
        if sender.multiple:
            return stated is None or (isinstance(stated, list) and all(_is_option(one, sender) for one in stated))
        return stated is None or _is_option(stated, sender)
    if isinstance(sender, Input):
        return stated is None or isinstance(stated, str)
    return isinstance(sender, Checkbox | Dialog) and isinstance(stated, bool)


def _is_option(stated: object, sender: Select) -> bool:
    index = stated.get("value") if isinstance(stated, dict) else None
    return isinstance(index, int) and not isinstance(index, bool) and 0 <= index < len(sender.options)
