"""Reading foreign files: xlsx, xls, xlsb, ods, csv and text become tables of cells.

A child process reads the file, so that a hostile one takes neither memory nor time from the server. Import
``workbooks``; ``errors`` says why a file cannot be read, ``headings``, ``cell_errors`` and ``file_types`` are facts
that others need too.
"""
