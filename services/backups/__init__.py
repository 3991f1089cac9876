"""Backups: one file with everything an installation holds, and restoring from it (docs/backup-format.md, adr/0040)."""
