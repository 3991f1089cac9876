"""The organisation chart of the brand: departments, their heads and members."""

from collections.abc import Sequence

from core.access import Actor
from core.addresses import record_path
from core.i18n import N_, _, ngettext
from core.permissions import Permission, Role
from pages.components.base.buttons import link_button
from pages.components.layout.content import empty_state, page_header, panel
from pages.components.layout.tree import tree, tree_leaf, tree_node
from pages.shell.calls import page
from pages.shell.navigation import role_label, staff_shell
from pages.shell.reading import read
from services.organisation.departments import Person, Unit, organisation

OPEN_PEOPLE_MAX = 60  # a larger organisation begins folded below the first level


def register_organisation() -> None:
    """Register ``/organisation``."""
    page("/organisation", permission=Permission.ORGANISATION_VIEW, title=N_("Organisation"))(organisation_page)


async def organisation_page() -> None:
    """Draw the chart as the whole page."""
    async with staff_shell(_("Organisation"), current="organisation") as actor:
        units = await read(actor, organisation)
        people = sum(unit.people_count for unit in units)
        with page_header(_("Organisation"), ngettext("{count} person", "{count} people", people)):
            link_button(_("Departments as a list"), "/departments", testid="action-list")
            if actor.can(Permission.ORGANISATION_EDIT):
                link_button(_("Import"), "/departments/import", testid="action-import")
                link_button(_("New"), "/departments/new", look="primary", icon="plus", testid="action-new")
        with panel():
            if not any(unit.code for unit in units):
                _draw_nothing(actor)
            with tree(_("Organisation")):
                for unit in units:
                    _draw(unit, actor, is_open=True, is_small=people <= OPEN_PEOPLE_MAX)


def _draw(unit: Unit, actor: Actor, *, is_open: bool, is_small: bool) -> None:
    note = _("Head: {name}", name=unit.head.name) if unit.head else _("without a head") if unit.code else ""
    href = record_path("departments", unit.code) if unit.code else ""
    title = unit.name if unit.code else _("In no department")
    with tree_node(title, count=unit.people_count, note=note, href=href, is_open=is_open, testid=f"unit-{unit.code}"):
        _draw_people(unit.people, actor)
        for lower in unit.units:
            _draw(lower, actor, is_open=is_small, is_small=is_small)


def _draw_people(people: Sequence[Person], actor: Actor) -> None:
    sees_records = actor.can(Permission.USER_VIEW)
    for person in people:
        aside = _("led by {name}", name=person.manager) if person.manager else ""
        href = record_path("users", person.email) if sees_records else ""
        words = person.position or role_label(Role(person.role))
        tree_leaf(person.name, note=words, aside=aside, href=href, testid=f"person-{person.email}")


def _draw_nothing(actor: Actor) -> None:
    sentence = _("Departments say who works with whom. State them in a worksheet, in any order, or one by one.")
    with empty_state(_("No departments yet"), sentence):
        if actor.can(Permission.ORGANISATION_EDIT):
            link_button(_("Import from Excel"), "/departments/import")
