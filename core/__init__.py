"""Plumbing that knows nothing about this business: database, access, errors, value kinds, resources, jobs."""
