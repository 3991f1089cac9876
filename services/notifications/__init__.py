"""Notifications: recipients, kinds, channels, and read state."""
