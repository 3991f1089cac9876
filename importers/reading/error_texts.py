"""Messages of file errors: which file, where in it, what is wrong, what to do.

A key with "/text" is for delimited texts, which have no sheets.
"""

from core.i18n import N_

TEXTS = {
    "file_too_large": N_(
        "{file} is {megabytes} MB large; at most {limit} MB are read. Split it, or remove pictures and unused sheets."
    ),
    "unpacked_too_large": N_(
        "{file} would unpack to {megabytes} MB, which is too much or out of all proportion (at most {limit} MB are"
        " read). Copy the rows into a new workbook and bring that."
    ),
    "empty": N_("{file} is empty. Check that it was saved and copied completely."),
    "not_a_workbook": N_("{file} is no workbook or table of text (found: {found}). Save it as .xlsx or .csv."),
    "unknown_content": N_(
        "The content of {file} is unknown or damaged. Get it once more, or save it as .xlsx or .csv in the program"
        " that made it."
    ),
    "encrypted": N_(
        "{file} is protected by a password. Remove the password in Excel or WPS, save, and bring it again."
    ),
    "legacy_format": N_(
        "{file} is in an old format ({found}) that is not read. Open it in Excel or WPS and save it as .xlsx."
    ),
    "html_disguised": N_(
        "{file} is a web page, whatever its name says. Open it in Excel or WPS and save it as an .xlsx workbook."
    ),
    "damaged": N_(
        "{file} is damaged or in an unknown form and cannot be read. Get it once more, or open it in Excel or WPS and"
        " save it as a new .xlsx."
    ),
    "part_damaged": N_(
        "{file} is damaged in its part {part}. Get it once more, or open it in Excel or WPS and save it as a new .xlsx."
    ),
    "part_missing": N_(
        "{file} is incomplete: its part {part} is missing. Get it once more, or save it again as .xlsx."
    ),
    "part_name": N_("{file} holds a part with the forbidden name {part}. Save it again as .xlsx in Excel or WPS."),
    "part_twice": N_("{file} holds the part {part} twice. Save it again as .xlsx in Excel or WPS."),
    "too_many_parts": N_(
        "{file} consists of {count} parts; at most {limit} are read. Copy the rows into a new workbook and bring that."
    ),
    "doctype": N_(
        "{file} declares entities in its part {part}, which no spreadsheet program does and which can overload a"
        " computer. Copy the rows into a new workbook and bring that."
    ),
    "no_sheets": N_("{file} has no sheet with cells. Put the rows into a sheet and save it again."),
    "no_rows": N_("Sheet “{sheet}” of {file} is blank. Choose another sheet, or put headings and rows into it."),
    "no_rows/text": N_("{file} holds no rows. Put headings and rows into it."),
    "no_headings": N_("Row {row} of sheet “{sheet}” of {file} is blank. Choose the row that holds the headings."),
    "no_headings/text": N_("Row {row} of {file} is blank. Choose the row that holds the headings."),
    "sheet_not_found": N_("{file} has no sheet “{sheet}”. Its sheets are: {sheets}."),
    "sheet_not_found/text": N_("{file} is a text without sheets. Leave the sheet out."),
    "sheet_damaged": N_(
        "Sheet “{sheet}” of {file} cannot be read from row {row} on: the file is damaged there. Open it in Excel or"
        " WPS, check that row, and save it as a new .xlsx."
    ),
    "row_twice": N_(
        "Sheet “{sheet}” of {file} holds row {row} twice or out of order. Open it in Excel or WPS and save it as a"
        " new .xlsx."
    ),
    "rows_lost": N_(
        "Row {row} of sheet “{sheet}” of {file} could not be read, so nothing was. Open it in Excel or WPS and save"
        " it as a new .xlsx."
    ),
    "too_many_rows": N_(
        "Sheet “{sheet}” of {file} has more than {limit} rows. Split it into several files, or delete rows that are"
        " not needed."
    ),
    "too_many_rows/text": N_("{file} has more than {limit} rows. Split it into several files."),
    "too_many_columns": N_(
        "Sheet “{sheet}” of {file} has a value in {cell}; at most {limit} columns are read. Delete what stands far to"
        " the right, and save it again."
    ),
    "too_many_columns/text": N_(
        "Row {row} of {file} has more than {limit} columns. Check its delimiters and quotation marks."
    ),
    "cell_too_long": N_(
        "Cell {cell} of sheet “{sheet}” of {file} holds more than {limit} characters, more than a worksheet can keep."
        " Shorten it, and save the file again."
    ),
    "cell_too_long/text": N_(
        "Cell {cell} of {file} holds more than {limit} characters, more than a worksheet can keep. Shorten it, or check"
        " whether a quotation mark in it was never closed."
    ),
    "quote": N_(
        'A quotation mark in row {row} of {file} is out of place or never closed. Write "" for a quotation mark'
        " inside a cell, or save the table as .xlsx."
    ),
    "encoding": N_(
        "The characters of {file} are neither UTF-8, UTF-16 nor GB18030. Save it as “CSV UTF-8” or as .xlsx."
    ),
    "memory": N_(
        "{file} needs too much memory to read. Save it as .xlsx or .csv, delete cells far below or right of the"
        " table, or split it."
    ),
    "took_too_long": N_(
        "Reading {file} took too long and was stopped. Save it as a new .xlsx or as .csv, or split it."
    ),
    "crashed": N_("{file} could not be read: it is damaged or in an unknown form. Save it as a new .xlsx or as .csv."),
    "no_space": N_("The disk of the server is full, so {file} could not be read. Tell its administrator."),
}
