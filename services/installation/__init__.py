"""The installation as its operator sees it: start, migration, backup before it, ``doctor`` and ``check``."""
