"""Detection of the heading row below titles, notes and merged cells."""

from collections.abc import Sequence

SCANNED_ROWS = 20  # rows from the top
HEADING_LENGTH_MAX = 60  # longer texts are notes


def guess_heading_row(rows: Sequence[Sequence[object]]) -> int | None:
    """Return the position of the row that looks most like headings; None if every row is blank.

    It is the first of the top rows that fills two thirds of the width of the table with short texts which hardly
    repeat. Titles and notes fill one cell, a block of "date: … author: …" above the table only a few and has colons.
    """
    top = list(rows[:SCANNED_ROWS])
    filled = [[cell for cell in row if not is_blank(cell)] for row in top]
    widths = sorted((len(cells) for cells in filled if cells), reverse=True)
    if not widths:
        return next((i for i, row in enumerate(rows) if not all(map(is_blank, row))), None)
    # The widest row may be wide by accident; the second widest is the table, if there is one.
    width = widths[min(1, len(widths) - 1)]
    for position, cells in enumerate(filled):
        if len(cells) * 3 >= width * 2 and cells and _look_like_headings(cells):
            return position
    return next(position for position, cells in enumerate(filled) if cells)


def _look_like_headings(cells: Sequence[object]) -> bool:
    texts = [str(cell).strip() for cell in cells if isinstance(cell, str)]
    if 0 < sum(text.endswith((":", "：")) for text in texts) < len(cells):
        return False
    short = [text for text in texts if len(text) <= HEADING_LENGTH_MAX]
    return len(short) * 10 >= len(cells) * 7 and len(set(short)) * 10 >= len(short) * 7


def is_blank(cell: object) -> bool:
    """Return whether a person sees nothing in the cell."""
    return cell is None or not str(cell).strip()


def heading_texts(row: Sequence[object]) -> list[str]:
    """Return a row of headings as texts, "" where blank, without the blank ones at the end."""
    texts = ["" if cell is None else str(cell) for cell in row]
    while texts and is_blank(texts[-1]):
        texts.pop()
    return texts
