"""Time: what happens by itself or takes longer than a click. Importing this package registers every job."""

from jobs import applications, housekeeping, imports

__all__ = ["applications", "housekeeping", "imports"]
