"""Operation of an installation: start, migration, backup before it, ``doctor`` and ``check``."""
