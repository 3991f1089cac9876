"""Measurements of what the product promises to be fast at: each beside its floor and what a user would otherwise take.

``python -m benchmarks`` runs all of them, small; ``python -m benchmarks.w1_import --rows 100000`` one of them. Ratios
are taken side by side in one run. Nothing here is a test: a slow machine breaks no build.
"""
