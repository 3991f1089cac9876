"""Invitations, sign-in links, sessions, the organisation chart, and the leaving wizard."""
