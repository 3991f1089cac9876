"""Pivots as files: whatever the names of groups hold, there is a file."""

import zipfile
from io import BytesIO

import pytest
from sqlalchemy import update

from core.database.sessions import reading, unit_of_work
from importers.pivots import write_pivot
from models.customers import Customer
from models.partners.partners import Partner
from resources.customers import CUSTOMERS
from services.reports.pivots import pivot, read_pivot
from tests.conftest import ADMIN, SUZHOU, SUZHOU_PATH


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
@pytest.mark.parametrize("stated", [{"by": "partner"}, {"by": "stage", "across": "partner"}], ids=["line", "column"])
def test_a_name_that_no_worksheet_carries_is_written_with_a_replacement(database, ending, stated):
    with unit_of_work(ADMIN) as session:
        session.execute(update(Partner).where(Partner.id == SUZHOU).values(name="Su\x0bzhou"))
        session.add(Customer(code="C1", name="C1", stage="lead", partner_id=SUZHOU, path=SUZHOU_PATH))
    with reading(ADMIN) as session:
        table = pivot(session, read_pivot(CUSTOMERS, ADMIN, list(stated.items())))
    target = BytesIO()

    write_pivot(target, ending, table)

    sheet = zipfile.ZipFile(target).read("xl/worksheets/sheet1.xml") if ending == "xlsx" else target.getvalue()
    assert "Su\ufffdzhou" in sheet.decode()
