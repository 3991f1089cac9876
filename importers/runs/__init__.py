"""An import from file to rows: columns are mapped, cells checked, rows saved in slices, errors written beside the rows.

``batches`` checks and applies the batch of a person, ``runner`` does the work of one worksheet, ``drafts`` prepares it,
``error_workbooks`` hands back what was not taken.
"""
