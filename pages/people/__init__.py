"""Inviting people, their links and sessions, the organisation, and the wizard of a person who leaves."""
