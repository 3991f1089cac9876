"""Limits on how much one person, address or kind of work takes at once."""
