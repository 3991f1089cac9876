"""Imports as rows: the batch of a person, what became of each row of its worksheet, its error workbook."""
