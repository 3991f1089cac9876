"""Approvals: cases of any subject, decided step by step by those who are asked, never by who submitted them."""
