"""Imports of spreadsheets and text files: read in a sandbox, mapped, checked and saved. Exports and templates."""
