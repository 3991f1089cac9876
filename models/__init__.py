"""What is stored and always true. Importing this package maps every table, those of ``core`` included."""

from core import events, files, jobs
from models import (
    approvals,
    credit,
    customers,
    idempotency,
    imports,
    number_series,
    orders,
    partners,
    prices,
    products,
    sessions,
    tokens,
    users,
)

__all__ = [
    "approvals",
    "credit",
    "customers",
    "events",
    "files",
    "idempotency",
    "imports",
    "jobs",
    "number_series",
    "orders",
    "partners",
    "prices",
    "products",
    "sessions",
    "tokens",
    "users",
]
