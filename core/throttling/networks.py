"""Network addresses: which ones a setting names, and under which one requests are counted."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

IPV6_PREFIX_BITS = 64
"""Prefix that a provider assigns to one customer: one customer can use every IPv6 address of it."""


def parse_network(text: str) -> Network:
    """Return the network that ``text`` names: an address, or a network such as ``172.30.80.0/24``.

    Raises:
        ValueError: It is neither, or it is the whole of IPv4 or IPv6.
    """
    network = ip_network(text.strip())
    if network.prefixlen == 0:
        raise ValueError(f"{text} holds every address")
    return network


def parse_address(text: str) -> Address | None:
    """Return the address that ``text`` states, also with a port, as proxies write it; None if it states none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def is_in(text: str, networks: Iterable[Network]) -> bool:
    """Return whether an address lies in one of the networks."""
    address = parse_address(text)
    return address is not None and any(address in network for network in networks)


def is_loopback(text: str) -> bool:
    """Return whether an address is this machine's own."""
    address = parse_address(text)
    return address is not None and address.is_loopback


def counted_source(text: str) -> str:
    """Return under what name requests from an address are counted: IPv4 as it is, IPv6 by its network of 64 bits."""
    address = parse_address(text)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, IPV6_PREFIX_BITS), strict=False))
    return text if address is None else str(address)
