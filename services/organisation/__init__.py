"""Departments, and what happens when somebody leaves: rules, handover, one transaction."""
