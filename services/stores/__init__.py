"""Stores: registration on site, findings, scores, review, map.

``rules`` is pure: the rules of findings. ``findings`` assesses stores and stores findings, ``review`` decides.
"""
