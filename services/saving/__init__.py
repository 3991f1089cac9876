"""Rows of any table from forms and worksheets: staged, compared and written statement by statement."""
