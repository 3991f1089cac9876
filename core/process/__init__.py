"""The running process: its log, its terminal, modules that it loads late, and whether other processes run.

Public modules: ``late_imports``, ``logs``, ``pids``, ``terminal``.
"""
