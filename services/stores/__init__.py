"""Stores: registered where they stand, compared with their neighbours, scored, reviewed, shown on a map.

``rules`` is pure: what speaks against a store. ``findings`` keeps it, ``review`` decides about it.
"""
