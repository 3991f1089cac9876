"""Time: what happens by itself or takes longer than a click. Importing this package registers every job."""

from core.jobs.queueing import register_owner_lookup
from jobs import applications, backups, geocoding, housekeeping, imports, notifications, outbox
from services.jobs.owners import actor_of_owner

register_owner_lookup(actor_of_owner)

__all__ = ["applications", "backups", "geocoding", "housekeeping", "imports", "notifications", "outbox"]
