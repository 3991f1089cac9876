"""The result of deciding many documents at once: how many were decided, and why each of the others was not."""

from collections.abc import Callable, Mapping, Sequence

from core.i18n import _
from pages.components.base.elements import Tag
from pages.components.forms.dialogs import drawer
from pages.components.layout.content import notice
from pages.components.layout.records import Cell, LineColumn, line_table
from services.outcomes import Outcome


def show_results(
    place: Tag,
    title: str,
    outcomes: Sequence[Outcome],
    *,
    summary: str,
    done: str,
    columns: Sequence[LineColumn],
    cells: Callable[[str], Mapping[str, str | Cell]],
) -> None:
    """Open a drawer with the result of each document, the refused ones first.

    Args:
        place: Element in which the drawer is drawn; what it held is removed.
        title: Heading of the drawer and caption of its table.
        outcomes: Of the documents.
        summary: Sentence about those that were decided.
        done: Result of a document that was decided.
        columns: Of the table, before that of the result. cells: returns those of a document, by its key.
    """
    refused = sum(not one.ok for one in outcomes)
    rows = [
        {**cells(one.key), "result": Cell(one.problem.text, tone="danger") if one.problem else done}
        for one in sorted(outcomes, key=lambda one: one.ok)
    ]
    place.clear()
    with place, drawer(title) as show:
        notice(summary, "ok")
        if refused:
            notice(_("{count} not decided", count=refused), "danger", testid="bulk-refused")
        line_table([*columns, LineColumn("result", _("Result"))], rows, caption=title, testid="bulk-result")
    show()
