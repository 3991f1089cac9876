"""The list of any resource: title and total, export, import, new, ready views, filters, the grid and what can be done.

Everything the list shows stands in its address, so a link is a view, and the export has the same rows.
"""

from collections.abc import Callable, Sequence

from nicegui import context
from sqlalchemy.orm import Session

from core.access import Actor, Permission
from core.i18n import N_, _, ngettext
from core.queries.finding import GridQuery, Page, find_page
from core.resource import Resource
from pages.components.base.buttons import link_button
from pages.components.base.navigation import download_button
from pages.components.layout.content import page_header, stack
from pages.components.layout.views import view_tabs
from pages.components.lists.data_grid import DataGrid, data_grid
from pages.components.lists.filters import filter_bar
from pages.components.lists.grid_spec import GridAction, GridSpec
from pages.customers import move_actions
from pages.people.links import link_actions
from pages.resources.bulk import BulkActions
from pages.resources.columns import grid_columns, grid_filters, grid_views, search_words
from pages.shell.calls import page
from pages.shell.navigation import staff_shell
from pages.shell.reading import read
from resources import ALL

OWN_PAGES = ("orders", "imports", "events", "tokens", "applications", "invites", "affiliation_requests")
"""Resources whose pages stand in a module of their own."""
MORE_ACTIONS: dict[str, Callable[[BulkActions, Actor], list[GridAction]]] = {
    "customers": move_actions,
    "users": link_actions,
}

EMPTY_TEXTS: dict[str, str] = {
    "partners": N_(
        "Partners are everyone who sells for you: agents, dealers, stores. Begin with them: drop in the list you have."
    ),
    "customers": N_(
        "Customers are whom you win and look after. Any list will do: columns may be called what you like."
    ),
    "products": N_("Products are what partners order. Import your catalogue, or add the first one by hand."),
    "prices": N_(
        "A price says what a tier pays for a product, and from which day. Without prices nothing can be ordered."
    ),
    "users": N_("Invite the people who work with you."),
    "applications": N_("Applications appear here as soon as somebody wants to become a partner at /apply."),
    "invites": N_("An invite is a code or a QR picture by which somebody applies to stand under you."),
    "affiliation_requests": N_("Here stands which partner is to stand under another upstream, and who has agreed."),
    "departments": N_("Departments say who works with whom. State them in a worksheet, in any order, or one by one."),
    "tokens": N_("A key lets a program use the WEB API with the rights of one role."),
    "orders": N_("Orders appear here as soon as somebody places one."),
    "events": N_("Whatever somebody changes appears here."),
}


def register_lists() -> None:
    """Register ``/RESOURCE`` for every resource that has no page of its own."""
    for resource in ALL:
        if resource.name not in OWN_PAGES:
            _register(resource)


async def list_page(
    resource: Resource,
    *,
    header_actions: Callable[[Actor], None] | None = None,
    grid_actions: Callable[[BulkActions, Actor], list[GridAction]] | None = None,
    can_be_new: bool | None = None,
) -> DataGrid:
    """Draw the list of a resource as the whole page.

    Args:
        resource: Its fields, actions, order and sums say what is shown.
        header_actions: Draws further buttons between import and new.
        grid_actions: Returns further things to do with the rows chosen, after those of the resource.
        can_be_new: Whether to offer ``/RESOURCE/new``; None = if the resource is saved from forms.
    """
    async with staff_shell(_(resource.label), current=resource.name, fill=True) as actor:
        may_edit = resource.edit is not None and actor.can(resource.edit)
        may_save = may_edit and resource.save is not None
        whole = await read(actor, whole_list, resource)
        with page_header(_(resource.label), _total_text(whole)):
            if actor.can(Permission.EXPORT):
                download_button(_("Export"), f"/export/{resource.name}.xlsx", testid="action-export")
            if may_save:
                link_button(_("Import"), f"/{resource.name}/import", testid="action-import")
            if header_actions is not None:
                header_actions(actor)
            may_add = may_save if can_be_new is None else can_be_new and may_edit
            if may_add:
                link_button(_("New"), f"/{resource.name}/new", look="primary", icon="plus", testid="action-new")
        fields = resource.fields_for(actor)
        if views := grid_views(resource, fields):
            view_tabs(views, current=context.client.request.query_params.get("view", ""))
        with stack().classes("qd-fill"):
            filter_bar(grid_filters(resource, fields), search=search_words(resource, fields))
            bulk = BulkActions(resource, actor)
            actions = bulk.grid_actions()
            for more in filter(None, (MORE_ACTIONS.get(resource.name), grid_actions)):
                actions += more(bulk, actor)
            bulk.grid = data_grid(_spec(resource, actor, can_import=may_save, can_be_new=may_add), actions=actions)
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


def _register(resource: Resource) -> None:
    @page(f"/{resource.name}", permission=resource.view, title=resource.label)
    async def draw() -> None:
        await list_page(resource)


def _total_text(whole: Page) -> str:
    return count_text(whole.total, is_exact=whole.total_is_exact)


def _spec(resource: Resource, actor: Actor, *, can_import: bool, can_be_new: bool) -> GridSpec:
    first = (_("New"), f"/{resource.name}/new") if can_be_new else None
    fields: Sequence[str] = [field.name for field in resource.fields_for(actor)]
    return GridSpec(
        resource.name,
        _(resource.label),
        grid_columns(resource, resource.fields_for(actor)),
        sort=",".join(resource.order),
        sums=[name for name in resource.sums if name in fields],
        empty_title=_("Nothing here yet"),
        empty_text=_(EMPTY_TEXTS[resource.name]) if resource.name in EMPTY_TEXTS else "",
        empty_action=(_("Import from Excel"), f"/{resource.name}/import") if can_import else first,
    )
