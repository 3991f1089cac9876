"""Clients of external systems: the only room that uses the network. It imports only ``core``."""
