"""Inputs of a form, dialogs, dropped files and photos, and drafts that survive a lost connection."""
