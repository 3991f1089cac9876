"""Stored imports: batches, outcomes of their rows, error workbooks."""
