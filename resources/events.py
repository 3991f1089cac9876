"""How the audit trail appears: what happened, to what, by whom. Nobody states or changes it."""

from core.access import Permission
from core.events import Event
from core.i18n import N_
from core.kinds import Choice
from core.resource import Field, Resource
from core.standard_kinds import CODE, INSTANT, NAME, QUANTITY, choice

ACTIONS = (
    Choice("demo.loaded", N_("Demo data loaded")),
    Choice("partner.created", N_("Partner added")),
    Choice("partner.changed", N_("Partner changed")),
    Choice("customer.created", N_("Customer added")),
    Choice("customer.changed", N_("Customer changed")),
    Choice("product.created", N_("Product added")),
    Choice("product.changed", N_("Product changed")),
    Choice("price.created", N_("Price added")),
    Choice("price.changed", N_("Price changed")),
    Choice("order.placed", N_("Order placed")),
    Choice("order.changed", N_("Order changed")),
    Choice("order.submitted", N_("Order submitted")),
    Choice("order.withdrawn", N_("Order taken back")),
    Choice("order.discarded", N_("Order discarded")),
    Choice("order.approved", N_("Order approved")),
    Choice("order.rejected", N_("Order rejected")),
    Choice("order.returned", N_("Order returned for change")),
    Choice("order.shipped", N_("Order shipped")),
    Choice("user.created", N_("User added")),
    Choice("user.changed", N_("User changed")),
    Choice("user.signed_in", N_("Signed in")),
    Choice("user.sign_in_failed", N_("Sign-in failed")),
    Choice("user.session_ended", N_("Session ended")),
    Choice("user.password_changed", N_("Password changed")),
    Choice("user.link_made", N_("One-time link made")),
    Choice("user.second_factor_enrolled", N_("Second factor set up")),
    Choice("user.second_factor_removed", N_("Second factor removed")),
    Choice("user.one_time_code_used", N_("One-time code used")),
    Choice("user.one_time_codes_renewed", N_("One-time codes renewed")),
    Choice("token.created", N_("API token made")),
    Choice("token.revoked", N_("API token revoked")),
    Choice("import.applied", N_("File imported")),
    Choice("import.refused", N_("Import refused")),
    Choice("import.cancelled", N_("Import cancelled")),
    Choice("partners.exported", N_("Partners exported")),
    Choice("customers.exported", N_("Customers exported")),
    Choice("products.exported", N_("Products exported")),
    Choice("prices.exported", N_("Prices exported")),
    Choice("orders.exported", N_("Orders exported")),
    Choice("order_lines.exported", N_("Order lines exported")),
    Choice("users.exported", N_("Users exported")),
    Choice("events.exported", N_("Audit trail exported")),
    Choice("demo.cleared", N_("Demo data cleared")),
)
SUBJECTS = (
    Choice("demo", N_("Demo data")),
    Choice("partners", N_("Partner")),
    Choice("customers", N_("Customer")),
    Choice("products", N_("Product")),
    Choice("prices", N_("Price")),
    Choice("orders", N_("Order")),
    Choice("users", N_("User")),
    Choice("tokens", N_("API token")),
    Choice("imports", N_("Import")),
    Choice("events", N_("Event")),
)
SOURCES = (
    Choice("screen", N_("Page")),
    Choice("import", N_("Import")),
    Choice("api", N_("WEB API")),
    Choice("command line", N_("Command line")),
    Choice("job", N_("Background job")),
)

EVENTS = Resource(
    name="events",
    label=N_("Audit trail"),
    title=N_("Event"),
    model=Event,
    keys=("number",),
    view=Permission.EVENT_VIEW,
    order=("-number",),
    fields=(
        Field(name="number", label=N_("Event number"), kind=QUANTITY, column=Event.id, stated=False),
        Field(name="at", label=N_("When"), kind=INSTANT, column=Event.at, stated=False),
        Field(name="actor", label=N_("Who"), kind=NAME, column=Event.actor, stated=False),
        Field(name="action", label=N_("What happened"), kind=choice(*ACTIONS), column=Event.action, stated=False),
        Field(name="subject", label=N_("To what"), kind=choice(*SUBJECTS), column=Event.subject, stated=False),
        Field(name="subject_key", label=N_("Its key"), kind=CODE, column=Event.subject_key, stated=False),
        Field(name="source", label=N_("Through"), kind=choice(*SOURCES), column=Event.source, stated=False),
        Field(name="batch", label=N_("Import number"), kind=QUANTITY, column=Event.batch_id, stated=False),
    ),
)
