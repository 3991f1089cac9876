"""Benchmarks of the product's performance goals: each beside its lower bound (floor) and an alternative (peer).

``python -m benchmarks`` runs all of them, small; ``python -m benchmarks.w1_import --rows 100000`` one of them. Ratios
are taken side by side in one run. Nothing here is a test: a slow machine breaks no build.
"""
