"""Notifications: who is told what, through which channel, and what they have read."""
