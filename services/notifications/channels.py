"""Channels by which notifications leave the product, such as mail. The bell is none: it shows the rows themselves."""

from collections.abc import Callable
from dataclasses import dataclass

from services.notifications.queries import NotificationView


class DeliveryRefused(Exception):
    """A channel did not take a message, for certain: it may be tried again. The text says why."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is handed to a channel.

    Attributes:
        person: E-mail address of the reader.
        notification: In the reader's language, with what the reader may see.
    """

    person: str
    notification: NotificationView


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to a person outside the product.

    Attributes:
        name: Stored with each delivery; never changes.
        deliver: Hands a message over; called by a job, outside any transaction. Raises ``DeliveryRefused``. After any
            other error nobody knows whether the message arrived, so it is not sent again.
    """

    name: str
    deliver: Callable[[Message], None]


_channels: dict[str, Channel] = {}


def register_channel(channel: Channel) -> None:
    """Let notifications from now on leave through ``channel``, too."""
    _channels[channel.name] = channel


def registered_channels() -> list[Channel]:
    """Return the channels, in the order in which they were registered."""
    return list(_channels.values())
