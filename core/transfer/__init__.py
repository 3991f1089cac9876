"""Tables as rows of a neutral form that is the same on both databases, see docs/backup-format.md."""
