"""The list of any resource: title and total, export, import, new, ready views, filters, the grid and what can be done.

Everything the list shows stands in its address, so a link is a view, and the export has the same rows.
"""

from collections.abc import Iterable, Sequence

from nicegui import context
from sqlalchemy.orm import Session

from core.access import Actor
from core.i18n import _, ngettext
from core.permissions import Permission
from core.queries.finding import GridQuery, Page, find_page
from core.resource import Resource
from pages.components.base.buttons import link_button
from pages.components.base.navigation import download_button
from pages.components.layout.content import page_header, stack
from pages.components.layout.views import view_tabs
from pages.components.lists.data_grid import DataGrid, data_grid
from pages.components.lists.filters import filter_bar
from pages.components.lists.grid_spec import GridSpec
from pages.resources._columns import grid_columns, grid_filters, grid_views, search_words
from pages.resources._condition_filter import condition_filter
from pages.resources.bulk import BulkActions
from pages.resources.screens import Screen
from pages.shell.calls import page
from pages.shell.navigation import staff_shell
from pages.shell.reading import read


def register_lists(screens: Iterable[Screen]) -> None:
    """Register ``/RESOURCE`` for every resource."""
    for screen in screens:
        _register(screen)


async def list_page(screen: Screen) -> DataGrid:
    """Draw the list of a resource as the whole page: its fields, actions, order and sums say what is shown."""
    resource = screen.resource
    async with staff_shell(_(resource.label), current=resource.name, fill=True) as actor:
        may_edit = resource.edit is not None and actor.can(resource.edit)
        may_save = may_edit and resource.save is not None
        whole = await read(actor, whole_list, resource)
        with page_header(_(resource.label), _total_text(whole)):
            if actor.can(Permission.EXPORT):
                download_button(_("Export"), f"/export/{resource.name}.xlsx", testid="action-export")
            download_button(_("Pivot"), f"/{resource.name}/pivot", testid="action-pivot")
            if may_save:
                link_button(_("Import"), f"/{resource.name}/import", testid="action-import")
            if screen.header_actions is not None:
                screen.header_actions(actor)
            may_add = may_save if screen.can_be_new is None else screen.can_be_new and may_edit
            if may_add:
                link_button(_("New"), f"/{resource.name}/new", look="primary", icon="plus", testid="action-new")
        fields = resource.fields_for(actor)
        stated = context.client.request.query_params
        if views := grid_views(resource, fields):
            view_tabs(views, current=stated.get("view", ""))
        with stack().classes("qd-fill"):
            filters = [*grid_filters(resource, fields, stated), condition_filter(resource, actor)]
            filter_bar(filters, search=search_words(resource, fields))
            bulk = BulkActions(resource, actor)
            actions = bulk.grid_actions()
            if screen.list_actions is not None:
                actions += screen.list_actions(bulk, actor)
            bulk.grid = data_grid(_spec(screen, actor, can_import=may_save, can_be_new=may_add), actions=actions)
    return bulk.grid


def whole_list(session: Session, resource: Resource) -> Page:
    """Return how many rows of a resource the session's actor may see."""
    return find_page(session, GridQuery(resource=resource, fields=resource.keys, limit=1, sums=False))


def count_text(total: int | None, *, is_exact: bool) -> str:
    """Return a number of rows as people read it."""
    count = total or 0
    if is_exact:
        return ngettext("{count} row", "{count} rows", count)
    return _("more than {count} rows", count=f"{count:,}")


def _register(screen: Screen) -> None:
    resource = screen.resource

    @page(f"/{resource.name}", permission=resource.view, title=resource.label)
    async def draw() -> None:
        await list_page(screen)


def _total_text(whole: Page) -> str:
    return count_text(whole.total, is_exact=whole.total_is_exact)


def _spec(screen: Screen, actor: Actor, *, can_import: bool, can_be_new: bool) -> GridSpec:
    resource = screen.resource
    first = (_("New"), f"/{resource.name}/new") if can_be_new else None
    fields: Sequence[str] = [field.name for field in resource.fields_for(actor)]
    return GridSpec(
        resource.name,
        _(resource.label),
        grid_columns(resource, resource.fields_for(actor)),
        sort=",".join(resource.order),
        sums=[name for name in resource.sums if name in fields],
        empty_title=_("Nothing here yet"),
        empty_text=_(screen.empty_text) if screen.empty_text else "",
        empty_action=(_("Import from Excel"), f"/{resource.name}/import") if can_import else first,
    )
