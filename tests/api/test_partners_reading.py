"""What partners read of people of the brand: names and not e-mails, through every entry point."""

import pytest
from sqlalchemy import update

from core.database.sessions import reading, unit_of_work
from core.events.log import EventDraft, record
from core.queries.finding import find_page, read_query, stream_rows
from models.customers import Customer
from models.orders import Order
from models.partners.invites import Invite
from pages.resources.history import history_of
from resources import ALL, SHEETS
from resources.orders import ORDERS
from tests.api.test_orders import ORDER
from tests.conftest import ADMIN, HUADONG, HUADONG_CLERK, HUADONG_OWNER, HUADONG_PATH, LING, MEI
from tests.services.orders.support import add_range

STAFF = ("admin@", "ling@", "wei@", "mei@")
PARTNERS = (HUADONG_OWNER, HUADONG_CLERK)
EVERY = {resource.name: resource for resource in (*ALL, *SHEETS.values())}


@pytest.fixture
def shop(programs):
    """Give clients, and rows of Huadong that staff have had a hand in."""
    add_range()
    number = programs.post(LING, "/orders", ORDER | {"buyer": "HD"}).json()["number"]
    programs.post(LING, f"/orders/{number}/submission")
    programs.post(MEI, f"/orders/{number}/rejection", {"reason": "x"})
    with unit_of_work(LING) as session:
        own = {"partner_id": HUADONG, "path": HUADONG_PATH}
        session.add(Customer(code="C1", name="x", owner_id=LING.user_id, **own))
        session.add(
            Invite(
                code="I1",
                tiers="dealer",
                uses_max=1,
                expires_at=session.get(Order, 1).created_at,
                made_by=LING.person,
                **own,
            )
        )
        changes = {"placed_by": [LING.person, "gone@brand.example.com"]}
        record(session, "order.changed", "orders", [EventDraft(number, HUADONG_PATH, changes)])
    programs.number = number
    return programs


@pytest.mark.parametrize("actor", PARTNERS, ids=lambda actor: actor.role)
def test_no_list_record_or_export_shows_a_partner_the_email_of_staff(shop, actor):
    for resource in EVERY.values():
        if not actor.can(resource.view):
            continue
        with reading(actor) as session:
            page = find_page(session, read_query(resource, actor, []))
            exported = [row for part in stream_rows(session, read_query(resource, actor, [])) for row in part]
        texts = [str(page.rows), str(exported)]
        if resource in ALL:
            texts.append(shop.get(actor, f"/{resource.name}").text)
        for text in texts:
            assert not [email for email in STAFF if email in text], resource.name


@pytest.mark.parametrize("actor", PARTNERS, ids=lambda actor: actor.role)
def test_a_partner_reads_names_and_staff_read_emails(shop, actor):
    path = f"/orders/{shop.number}"

    seen, known = shop.get(actor, path).json(), shop.get(LING, path).json()
    listed = shop.get(actor, "/orders?fields=placed_by&sort=-placed_by").json()["items"]

    assert (seen["placed_by"], seen["submitted_by"], seen["decided_by"]) == ("ling", "ling", "mei")
    assert listed == [{"placed_by": "ling"}]
    assert (known["placed_by"], known["decided_by"]) == (LING.person, MEI.person)


def test_a_partner_cannot_ask_for_the_email_of_staff(shop):
    paths = [f"/orders?placed_by={LING.person}", "/orders?placed_by__contains=example.com", "/orders?q=ling@example"]

    assert [shop.get(HUADONG_OWNER, path).json()["items"] for path in paths] == [[], [], []]
    assert len(shop.get(MEI, paths[0]).json()["items"]) == 1


def test_a_partner_reads_no_email_of_staff_in_a_history(shop):
    with reading(HUADONG_OWNER) as session:
        story = history_of(session, ORDERS, shop.number)
    with reading(MEI) as session:
        known = history_of(session, ORDERS, shop.number)

    assert not [email for email in STAFF if email in str([one.changes for one in story])]
    assert story[0].changes[0].before == "ling"
    assert "@" not in story[0].changes[0].after
    assert known[0].changes[0].before == LING.person


def test_a_person_of_no_account_is_called_by_the_brands_name(shop):
    with unit_of_work(ADMIN) as session:
        session.execute(update(Order).values(placed_by="gone@brand.example.com", submitted_by="token ERP"))

    seen = shop.get(HUADONG_OWNER, f"/orders/{shop.number}").json()

    assert "@" not in seen["placed_by"] and seen["placed_by"]
    assert seen["submitted_by"] == "token ERP"
