"""Tables as rows of a neutral form that is the same on both databases, for backups and moves (docs/backup-format.md)."""
