"""The database's schema: its version and how it is migrated, and whether it is the one this code expects."""
