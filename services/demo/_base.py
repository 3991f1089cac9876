"""Master data of the demo, loaded in one transaction: products with prices, channel, people, customers."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from random import Random
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from core.clock import BRAND_ZONE, day_of, now
from core.database.bulk import insert_rows
from core.events.log import EventDraft, record
from core.files.contents import StoredFile
from core.permissions import Role
from models.accounts.departments import Department
from models.accounts.users import User
from models.customers import Customer
from models.money.credit import CreditBalance
from models.partners.affiliation_requests import AffiliationRequest
from models.partners.applications import Application
from models.partners.invites import Invite
from models.partners.partners import Affiliation, Partner
from models.prices import Price
from models.products import Product
from models.stores import Store
from services.accounts.administration import create_user
from services.demo._applications import APPLICATION_SPECS, ApplicationContext, add_applications, add_licence, add_owners
from services.demo._invites import INVITE_SPECS as INVITES
from services.demo._invites import add_invites
from services.demo._moves import add_moves, moves_of, stood_under
from services.demo._names import PEOPLE, NameMaker, new_password
from services.demo._organisation import add_departments
from services.demo._partners import CUSTOMER_COLUMNS, DemoChannel, DemoPartner, Owner, customer_rows, make_channel
from services.demo._products import Range, make_range, price_rows
from services.demo._products import goods as all_goods
from services.demo._rows import insert_numbered, mark_rows, reserve_row_ids
from services.demo._stores import add_stores
from services.partners.affiliations import COLUMNS as AFFILIATION_COLUMNS

PRODUCT_COLUMNS = (
    "sku", "name", "category", "unit", "box_units", "minimum_quantity", "barcode", "tax_rate_ppm", "status",
    "version", "created_at", "updated_at",
)  # fmt: skip
PRICE_COLUMNS = (
    "product_id", "tier", "unit_price", "valid_from", "valid_to", "version", "created_at", "updated_at",
)  # fmt: skip
PARTNER_COLUMNS = (
    "code", "name", "tier", "upstream_id", "path", "uscc", "contact", "phone", "region", "address", "status",
    "credit_limit_cents", "valid_from", "version", "created_at", "updated_at",
)  # fmt: skip
MONTHS = 18
CHANGE_AFTER = 9  # months until prices change
CUSTOMERS_PER_PARTNER = 15
LOOKS_AFTER_CUSTOMERS = frozenset({Role.SALES, Role.PARTNER_OWNER, Role.PARTNER_CLERK})


class People(NamedTuple):
    """Demo users with their passwords, which are not stored, and those who own customers."""

    shown: list[dict[str, str]]
    ids: list[int]
    owners: list[Owner]


class MasterData(NamedTuple):
    """Master data of the demo. ``first_day``: of the orders. ``fake_stores``: codes of two stores that are one."""

    channel: DemoChannel
    goods: Range
    people: list[dict[str, str]]
    first_day: date
    customer_count: int
    fake_stores: list[str]


def months_before(day: date, months: int) -> date:
    """Return the same day so many months earlier, at most the 28th."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, 28))


def midnight(day: date) -> datetime:
    """Return when a day of the brand begins."""
    return datetime.combine(day, time(), BRAND_ZONE)


def add_master_data(
    session: Session, partners: int, stores: int, seed: int, at: datetime, facts: dict[str, Any]
) -> MasterData:
    """Add everything but the orders, and mark it as demo data.

    Args:
        session: Of an administrator.
        partners: How many above the stores.
        stores: How many partners of tier store.
        seed: Decides everything but the passwords.
        at: When the demo ends.
        facts: What the mark is to say beside the rows.
    """
    today = day_of(at)
    first_day = months_before(today, MONTHS)
    loaded: dict[Any, list[int]] = {}
    goods = _add_range(session, first_day, months_before(today, MONTHS - CHANGE_AFTER), loaded)
    names = NameMaker(Random(f"{seed} names"))  # noqa: S311  (made-up names protect nothing)
    loaded[Partner] = reserve_row_ids(session, Partner, partners + stores)
    channel = make_channel(names, loaded[Partner], stores, first_day, at)
    _add_partners(session, channel.partners)
    shops = [one for one in channel.partners if one.buyer.tier == "store"]
    loaded[Store] = reserve_row_ids(session, Store, len(shops))
    _record_created(session, "store", "stores", ((one.buyer.code, one.buyer.path) for one in shops))
    fakes = add_stores(session, loaded[Store], shops, seed)
    people = _add_people(session, channel)
    loaded[User] = [*people.ids, *add_owners(session, channel)]
    loaded[Department] = add_departments(session)
    loaded[Customer] = reserve_row_ids(session, Customer, partners * CUSTOMERS_PER_PARTNER)
    rows = customer_rows(names, channel, people.owners, len(loaded[Customer]), midnight(first_day), now())
    _add_customers(session, loaded[Customer], list(rows))
    _add_joining(session, channel, names, at, loaded)
    mark_rows(session, loaded, facts)
    return MasterData(channel, goods, people.shown, first_day, len(loaded[Customer]), fakes)


def _add_range(session: Session, first_day: date, change_day: date, loaded: dict[Any, list[int]]) -> Range:
    products, at = all_goods(), midnight(first_day)
    ids = loaded[Product] = reserve_row_ids(session, Product, len(products))
    insert_numbered(session, Product, ids, PRODUCT_COLUMNS, [(*one[:-1], 1, at, at) for one in products])
    _record_created(session, "product", "products", ((one.sku, "") for one in products))
    prices = price_rows(products, first_day, change_day)
    loaded[Price] = reserve_row_ids(session, Price, len(prices))
    rows = [(ids[one.position], *one[1:], 1, at, at) for one in prices]
    insert_numbered(session, Price, loaded[Price], PRICE_COLUMNS, rows)
    keys = ((f"{products[one.position].sku}~{one.tier}~{one.valid_from}", "") for one in prices)
    _record_created(session, "price", "prices", keys)
    return make_range(products, ids, prices, change_day)


def _add_partners(session: Session, partners: Sequence[DemoPartner]) -> None:
    rows, affiliations = [], []
    for one in partners:
        buyer, at = one.buyer, midnight(one.valid_from)
        rows.append(
            (
                buyer.code, buyer.name, buyer.tier, one.upstream_id, buyer.path, one.uscc, buyer.contact, buyer.phone,
                buyer.region, buyer.address, buyer.status, None, one.valid_from, 1, at, at,
            )
        )  # fmt: skip
        affiliations.append((buyer.id, one.upstream_id, buyer.path, one.valid_from, None))
    insert_numbered(session, Partner, [one.buyer.id for one in partners], PARTNER_COLUMNS, rows)
    insert_rows(session, Affiliation, AFFILIATION_COLUMNS, affiliations)
    balances = [(one.buyer.id, one.buyer.path, 0) for one in partners]
    insert_rows(session, CreditBalance, ("partner_id", "path", "used_cents"), balances)
    _record_created(session, "partner", "partners", ((one.buyer.code, one.buyer.path) for one in partners))


def _add_people(session: Session, channel: DemoChannel) -> People:
    """Add one person for each role; those of partners only where such a partner is."""
    people = People([], [], [])
    for person in PEOPLE:
        own = next((one.buyer for one in channel.partners if one.buyer.tier == person.tier), None)
        if person.tier and own is None:
            continue
        password = new_password(person)
        code, path = (own.code, own.path) if own else (None, "")
        user = create_user(session, person.email, name=person.name, role=person.role, partner=code, password=password)
        people.shown.append({"email": person.email, "role": person.role.value, "password": password})
        people.ids.append(user.id)
        if person.role in LOOKS_AFTER_CUSTOMERS:
            people.owners.append(Owner(user.id, path))
    return people


def _add_customers(session: Session, ids: Sequence[int], rows: Sequence[Sequence[Any]]) -> None:
    insert_numbered(session, Customer, ids, CUSTOMER_COLUMNS, rows)
    code, path = CUSTOMER_COLUMNS.index("code"), CUSTOMER_COLUMNS.index("path")
    _record_created(session, "customer", "customers", ((row[code], row[path]) for row in rows))


def _add_joining(
    session: Session, channel: DemoChannel, names: NameMaker, at: datetime, loaded: dict[Any, list[int]]
) -> None:
    """Add the onboarding of partners: invites, applications, changes of upstream."""
    loaded[Invite] = reserve_row_ids(session, Invite, len(INVITES))
    codes = add_invites(session, loaded[Invite], channel, names.random, at)
    moves = moves_of(channel)
    loaded[AffiliationRequest] = reserve_row_ids(session, AffiliationRequest, len(moves))
    add_moves(session, loaded[AffiliationRequest], channel, moves, at)
    licence, loaded[StoredFile] = add_licence(session)
    papers = ApplicationContext(licence, list(zip(loaded[Invite], codes, strict=True)), stood_under(moves))
    loaded[Application] = reserve_row_ids(session, Application, len(channel.applicants) + len(APPLICATION_SPECS))
    add_applications(session, loaded[Application], channel, names, papers, at)


def _record_created(session: Session, noun: str, subject: str, keys: Iterable[tuple[str, str]]) -> None:
    record(session, f"{noun}.created", subject, [EventDraft(key, path, data={"demo": True}) for key, path in keys])
