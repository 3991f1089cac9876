"""Signs that nobody sees: codes that look alike are one; rows stored with such signs before stay within reach."""

import pytest

from core.database.sessions import reading, unit_of_work
from core.drafts import draft_one
from core.queries.finding import find_row
from models.customers import Customer
from pages.resources.inputs import save_stated
from resources.customers import CUSTOMERS
from services.saving.plans import SaveOptions
from tests.conftest import ADMIN

MARKED = "TW\u200bIN"
LOOK_ALIKE = ["TWIN", MARKED, "\u202aTWIN\u202c", "\ufeffTWIN\u00a0", "T\u00adWIN", "T\u2066W\u2069IN"]

pytestmark = pytest.mark.usefixtures("database")


def _save(**stated: str) -> None:
    with unit_of_work(ADMIN) as session:
        fields = [field for field in CUSTOMERS.stated_fields if field.name in stated]
        drafts, problems = draft_one(fields, stated)
        assert problems == []
        assert CUSTOMERS.save is not None
        CUSTOMERS.save(session, drafts, SaveOptions()).or_refuse()


def test_codes_that_look_alike_are_one_customer():
    for number, code in enumerate(LOOK_ALIKE):
        _save(code=code, name=f"恒源 {number}", phone="13800138000")

    with reading(ADMIN) as session:
        found = session.query(Customer.code, Customer.name).all()

    assert [tuple(row) for row in found] == [("TWIN", "恒源 5")]


@pytest.mark.parametrize("stored", [MARKED, "1.38E+10"])
def test_a_row_whose_code_would_not_be_taken_today_is_opened_and_changed_as_itself(stored: str):
    _save(code="TWIN", name="Plain", phone="13800138000")
    _save(code="OLD", name="Marked", phone="13800138001")
    with unit_of_work(ADMIN) as session:
        session.query(Customer).filter_by(code="OLD").one().code = stored

    with reading(ADMIN) as session:
        row = find_row(session, CUSTOMERS, stored)
        assert row is not None
        assert (row["code"], row["name"]) == (stored, "Marked")
    with unit_of_work(ADMIN) as session:
        save_stated(session, CUSTOMERS, {"code": stored, "name": "Changed"}, row["_version"])
    with reading(ADMIN) as session:
        names = {row.code: row.name for row in session.query(Customer)}

    assert names == {"TWIN": "Plain", stored: "Changed"}
