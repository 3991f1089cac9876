"""Sockets of open pages: ownership, accepted messages, limits. See docs/adr/0025."""
