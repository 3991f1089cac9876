"""What is in a database, as tests of demo data compare it."""

from sqlalchemy import func, select

from core.database.sessions import Base, reading
from models.customers import Customer
from models.orders import Order
from models.partners.partners import Partner
from services.demo.loading import DemoSize
from services.installation.checks import broken_invariants
from services.money.credit import credit_differences
from tests.conftest import ADMIN

SIZE = DemoSize(partners=24, stores=30, orders=120)


def count(model, *conditions) -> int:
    with reading(ADMIN) as session:
        return session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0


def one(model, *conditions):
    with reading(ADMIN) as session:
        return session.scalars(select(model).where(*conditions).order_by(model.id).limit(1)).one()


def table_counts() -> dict[str, int]:
    with reading(ADMIN) as session:
        tables = Base.metadata.sorted_tables
        return {table.name: session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


def broken() -> list[object]:
    with reading(ADMIN) as session:
        return [*broken_invariants(session), *credit_differences(session)]


def fingerprint() -> list[object]:
    """Everything a load decides, without the numbers of rows and the passwords."""
    with reading(ADMIN) as session:
        return [
            session.execute(select(Order.number, Order.status, Order.created_at, Order.content_sha256)
                            .order_by(Order.number)).all(),
            session.execute(select(Partner.code, Partner.name, Partner.uscc, Partner.phone, Partner.credit_limit_cents)
                            .order_by(Partner.code)).all(),
            session.execute(select(Customer.code, Customer.name, Customer.stage, Customer.created_at)
                            .order_by(Customer.code)).all(),
        ]  # fmt: skip
