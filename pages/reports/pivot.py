"""``/RESOURCE/pivot``: the rows of a list, grouped; what is chosen stands in the address."""

from collections.abc import Iterable, Sequence
from functools import partial
from urllib.parse import urlencode

from nicegui import context

from core.access import Actor
from core.database.sessions import reading
from core.errors import DomainError
from core.i18n import N_, _, ngettext
from core.permissions import Permission
from core.resource import Resource
from core.throttling.capacity import EXPORTS
from pages.components.base.assets import add_style
from pages.components.base.buttons import link_button, text_link
from pages.components.base.elements import Tag
from pages.components.base.navigation import download_button, go_to
from pages.components.forms.fields import FormField, choice_field
from pages.components.layout.content import empty_state, notice, page_header, stack
from pages.reports._table import lines_shown, pivot_table
from pages.resources.screens import Screen
from pages.shell.calls import page
from pages.shell.navigation import staff_shell
from pages.web.heavy_work import caller_of, run_heavy
from services.reports.dimensions import dimensions_of, figures_of
from services.reports.labels import dimension_text, figure_text
from services.reports.pivots import PARAMETERS, Pivot, PivotQuery, pivot, read_pivot

NOTHING = "-"
Pairs = Sequence[tuple[str, str]]


def register_pivots(screens: Iterable[Screen]) -> None:
    """Register ``/RESOURCE/pivot`` for every resource; before ``/RESOURCE/KEY``, which takes any key."""
    for screen in screens:
        _register(screen.resource)


async def pivot_page(resource: Resource) -> None:
    """Draw the pivot of a resource as the whole page."""
    add_style("pivot.css")
    async with staff_shell(_("Pivot"), current=resource.name, fill=True) as actor:
        pairs = context.client.request.query_params.multi_items()
        problem, found, pivot_query = (
            "",
            None,
            read_pivot(resource, actor, []),
        )  # what can be chosen, if the address is wrong
        try:
            pivot_query = read_pivot(resource, actor, pairs)
            found = await run_heavy(EXPORTS, caller_of(actor), partial(_read, actor, pivot_query))
        except DomainError as error:
            problem = error.text
        of_list = [pair for pair in pairs if pair[0] not in PARAMETERS]
        _draw_header(resource, actor, of_list, found)
        with stack().classes("qd-fill"):
            _draw_choices(actor, pivot_query, of_list)
            if problem:
                notice(problem, "danger", testid="problem")
            elif found is not None:
                _draw(found)


def _register(resource: Resource) -> None:
    @page(f"/{resource.name}/pivot", permission=resource.view, title=N_("Pivot"))
    async def draw() -> None:
        await pivot_page(resource)


def _read(actor: Actor, pivot_query: PivotQuery) -> Pivot:
    with reading(actor) as session:
        return pivot(session, pivot_query)


def _draw_header(resource: Resource, actor: Actor, of_list: Pairs, found: Pivot | None) -> None:
    back = f"/{resource.name}?{urlencode(of_list)}" if of_list else f"/{resource.name}"
    with page_header(_("Pivot"), _count_text(found) if found else "", crumbs={_(resource.label): back}):
        link_button(_("Back to the list"), back, testid="action-back")
        if found is not None and actor.can(Permission.EXPORT):
            download_button("Excel", f"/export/pivot/{resource.name}.xlsx", testid="action-export")
            download_button("CSV", f"/export/pivot/{resource.name}.csv", testid="action-export-csv")


def _count_text(found: Pivot) -> str:
    query = found.query.query
    if query.filter is None and not query.search:
        return ngettext("{count} row", "{count} rows", found.row_count)
    return ngettext("{count} row of the filter", "{count} rows of the filter", found.row_count)


def _draw_choices(actor: Actor, pivot_query: PivotQuery, of_list: Pairs) -> None:
    resource = pivot_query.query.resource
    dimensions = {str(one): dimension_text(one) for one in dimensions_of(resource, actor)}
    optional = {NOTHING: _("nothing")} | dimensions
    figures = {str(one): figure_text(one) for one in figures_of(resource, actor)}
    by = [*map(str, pivot_query.by), NOTHING]
    across = str(pivot_query.across) if pivot_query.across else NOTHING
    fields: list[FormField] = []

    def change() -> None:
        first, second, across, measure = (str(field.value) for field in fields)
        go_to(_address(resource, of_list, [first, second], across, measure))

    with Tag("div", css="qd-pivot-choices"):
        fields += [
            choice_field("first", _("In rows"), dimensions, by[0], on_change=change),
            choice_field("second", _("Then by"), optional, by[1], on_change=change),
            choice_field("across", _("In columns"), optional, across, on_change=change),
            choice_field("measure", _("Figure"), figures, str(pivot_query.figure), on_change=change),
        ]


def _address(resource: Resource, of_list: Pairs, by: Sequence[str], across: str, measure: str) -> str:
    """Return the address of a pivot; what is chosen twice stands in rows, and once."""
    levels = [name for name in dict.fromkeys(by) if name != NOTHING]
    own = [("by", ",".join(levels)), ("measure", measure)]
    if across != NOTHING and across not in levels:
        own.insert(1, ("across", across))
    return f"/{resource.name}/pivot?{urlencode([*of_list, *own])}"


def _draw(found: Pivot) -> None:
    if not found.lines:
        with empty_state(_("No rows"), _("The filter of the list lets nothing through.")):
            text_link(_("Back to the list"), f"/{found.query.query.resource.name}")
        return
    shown = len(lines_shown(found))
    if shown < len(found.lines):
        sentence = _(
            "Shown are the first {count} of {all} lines; the file has them all.",
            count=f"{shown:,}",
            all=f"{len(found.lines):,}",
        )
        notice(sentence, "info", testid="some-lines")
    pivot_table(found, figure_text(found.query.figure))
