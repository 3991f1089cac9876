"""Errors of files that cannot be read: a code and values, translated by ``importers.reading.workbooks``.

Shared with the child process, so nothing but the standard library may be imported here.
"""

ROW_MAX = 1_048_576  # rows of an Excel sheet
COLUMNS_MAX = 1_000  # wider tables are refused: a stray cell far right is the usual cause


class FileError(Exception):
    """The file is refused. ``code`` lacks the leading ``imports.``; ``values`` fill its sentence."""

    def __init__(self, code: str, **values: str | int) -> None:
        super().__init__(code, values)
        self.code = code
        self.values = values
