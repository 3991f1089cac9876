"""Sockets of open pages: whose they are, what they may say, how much of it. See docs/adr/0025."""
