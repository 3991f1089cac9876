"""Generic pages of any resource: list, record, form, history, grid rows, search, export."""
