"""Reports: figures over the rows of lists. ``pivots`` groups a list by up to three fields, ``narrowing`` leads back.

Public modules: ``pivots``, ``dimensions``, ``narrowing``. What works with pandas is private and loaded late.
"""
