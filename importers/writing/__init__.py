"""Writing workbooks and text files, in batches and without keeping them in memory.

``xlsx`` and ``text`` write rows, ``templates`` writes empty worksheets to fill in, ``cell_values`` says how a value
stands in a cell.
"""
