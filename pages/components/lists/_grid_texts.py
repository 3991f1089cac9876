"""Texts of a grid in the current language: our own, and those of AG Grid that can be seen or heard."""

from core.i18n import _


def grid_texts() -> dict[str, str]:
    """Return the words of our own parts; ``{count}`` and ``{name}`` are filled in by the browser."""
    return {
        "rows": _("Rows: {count}"),
        "more": _("more than {count} rows"),
        "loading": _("Loading"),
        "selected": _("{count} selected"),
        "selectAll": _("Select all {count}"),
        "clear": _("Clear selection"),
        "none": _("Nothing here yet"),
        "noResult": _("No row matches"),
        "dropOne": _("Drop one of the filters, or all of them."),
        "drop": _("Drop “{name}”"),
        "dropAll": _("Drop all filters"),
        "failed": _("The list could not be loaded"),
        "offline": _("Your computer does not reach the server. Check the network and try again."),
        "retry": _("Try again"),
        "moreRows": _("Show more"),
        "sumOf": _("Sum of {name}"),
        "search": _("Search"),
    }


def filter_texts() -> dict[str, str]:
    """Return the words of the filter bar."""
    return {
        "apply": _("Apply"),
        "clear": _("Clear"),
        "drop": _("Drop “{name}”"),
        "from": _("From"),
        "to": _("To"),
        "contains": _("Contains"),
        "fields": _("Fields:"),
        "columns": _("Columns"),
        "reset": _("Reset"),
        "up": _("Move “{name}” up"),
        "down": _("Move “{name}” down"),
        "to_open": _("from {value}"),
        "from_open": _("to {value}"),
        "failed": _("The list could not be loaded"),
        "and_more": _("{name} and {count} more"),
    }


def grid_locale() -> dict[str, str]:
    """Return the texts of AG Grid itself."""
    return {
        "ariaLabelColumn": _("Column"),
        "ariaRowSelect": _("Press space to select this row"),
        "ariaRowDeselect": _("Press space to deselect this row"),
        "ariaRowToggleSelection": _("Press space to change the selection of this row"),
        "ariaRowSelectAll": _("Press space to select all rows"),
        "ariaRowSelectionDisabled": _("This row cannot be selected"),
        "ariaSortableColumn": _("Press Enter to sort"),
        "ariaChecked": _("chosen"),
        "ariaUnchecked": _("not chosen"),
        "ariaVisible": _("shown"),
        "ariaHidden": _("hidden"),
        "loadingOoo": _("Loading"),
        "loadingError": _("Failed"),
        "noRowsToShow": _("No row matches"),
        "selectedRows": _("Selected"),
        "totalRows": _("Rows"),
        "blanks": _("Blank"),
        "pinColumn": _("Pin column"),
        "autosizeThisColumn": _("Fit this column"),
    }
