"""Approvals: cases of any subject, decided step by step by their approvers, never by their initiators."""
