"""Check of the stored data: each kind of damage is named in one sentence with the key of its record."""

from typing import NamedTuple

import pytest
from sqlalchemy import select, text

from core.clock import freeze
from core.database.sessions import Base, reading, transact, unit_of_work
from models.approvals import CaseStatus
from services.approvals.cases import CASE_STATUS_AFTER
from services.approvals.subjects import SUBJECTS
from services.installation.checks import CHECKS, broken_invariants
from services.orders.approval import reject_order, return_order
from services.orders.lifecycle import change_order, withdraw_order
from tests.conftest import ADMIN, LING, WEI
from tests.services.applications.support import confirmed
from tests.services.orders.support import add_range, approved, draft, place, submitted
from tests.services.partners.test_affiliation_requests import NOON, ask
from tests.services.stores.support import save as save_store
from tests.services.stores.support import shop

OUTSIDE = {"schema", "audit log", "audit log anchors"}
"""Checks with a connection of their own, which would wait for what is to be rolled back."""


class Documents(NamedTuple):
    """Keys of documents, by where they stand."""

    draft: str
    waiting: str
    approved: str
    rejected: str
    returned: str
    withdrawn: str
    application: str
    change: str
    store: str


class Undone(Exception):
    """Raised to roll the damage back."""


@pytest.fixture
def documents(database) -> Documents:
    add_range()
    rejected, returned, withdrawn = (submitted().number for _ in range(3))
    transact(LING, lambda session: reject_order(session, rejected, "no"))
    transact(LING, lambda session: return_order(session, returned, "change it"))
    transact(WEI, lambda session: withdraw_order(session, withdrawn))
    save_store(WEI, shop("S1", region="110000", partner="SZ"))
    with freeze(NOON):
        change = ask(WEI)
        return Documents(
            place().number, submitted().number, approved().number, rejected, returned, withdrawn, confirmed(), change,
            "S1",
        )  # fmt: skip


def found_after(statement: str) -> list[str]:
    """Return what the check finds after a statement, which is rolled back."""
    found: list[str] = []
    with pytest.raises(Undone), unit_of_work(ADMIN) as session:
        session.execute(text(statement))
        found += [detail for name, check in CHECKS.items() if name not in OUTSIDE for detail in check(session)]
        raise Undone
    return found


def test_the_check_finds_nothing_in_documents_in_every_state(documents):
    with reading(ADMIN) as session:
        assert broken_invariants(session) == []


def test_damage_to_credit_is_named_with_the_partner(documents):
    for damage, sentence in {
        "used_cents = used_cents + 100": "partner HD: 2001.00 yuan of credit are used, its orders come to 2000.00 yuan",
        "used_cents = 0": "partner HD: 0.00 yuan of credit are used, its orders come to 2000.00 yuan",
        "path = '000009'": "credit_balances HD: its path is not its partner's",
    }.items():
        assert found_after(f"UPDATE credit_balances SET {damage}") == [sentence]
    missing = "partner HD: 0.00 yuan of credit are used, its orders come to 2000.00 yuan"
    assert found_after("DELETE FROM credit_balances") == [missing]


def test_damage_to_an_order_is_named_with_its_number(documents):
    number = documents.draft
    order, lines = f"WHERE number = '{number}'", f"WHERE order_id = (SELECT id FROM orders WHERE number = '{number}')"
    right = "its lines come to 1000.00 yuan with 115.04 yuan of tax"
    astray = f"order_lines of order {number}: their path is not the order's"
    whole = f"order {number}: it states 1000.00 yuan with 115.04 yuan of tax, its lines come to"
    for statement, sentences in {
        f"UPDATE orders SET total_cents = total_cents + 1 {order}": [
            f"order {number}: it states 1000.01 yuan with 115.04 yuan of tax, {right}"
        ],
        f"UPDATE orders SET tax_cents = tax_cents - 1 {order}": [
            f"order {number}: it states 1000.00 yuan with 115.03 yuan of tax, {right}"
        ],
        f"UPDATE order_lines SET total_cents = total_cents + 1 {lines}": [
            f"{whole} 1000.01 yuan with 115.04 yuan of tax"
        ],
        f"DELETE FROM order_lines {lines}": [f"{whole} 0.00 yuan with 0.00 yuan of tax"],
        f"UPDATE order_lines SET path = '000003' {lines}": [
            f"order_lines of order {number}: their path is not the order's"
        ],
        f"UPDATE orders SET path = '0000' {order}": [
            astray,
            f"orders {number}: its path is not its partner's",
        ],
    }.items():
        assert found_after(statement) == sentences, statement


def test_an_order_whose_status_is_not_the_one_that_was_decided_is_named(documents):
    rejected, approved, withdrawn = documents.rejected, documents.approved, documents.withdrawn
    for statement, sentence in {
        f"UPDATE orders SET status = 'approved' WHERE number = '{rejected}'": (
            f"orders {rejected}: its last case is rejected, its own status is approved"
        ),
        f"UPDATE orders SET status = 'rejected' WHERE number = '{approved}'": (
            f"orders {approved}: its last case is approved, its own status is rejected"
        ),
        f"UPDATE approval_cases SET status = 'withdrawn' WHERE key = '{approved}'": (
            f"orders {approved}: its last case is withdrawn, its own status is approved"
        ),
        f"UPDATE approval_cases SET status = 'rejected' WHERE key = '{approved}'": (
            f"orders {approved}: a case of it is rejected, but its last decision is approved"
        ),
        f"UPDATE approval_cases SET status = 'approved' WHERE key = '{withdrawn}'": (
            f"orders {withdrawn}: a case of it is approved, but nothing was decided in it"
        ),
    }.items():
        assert sentence in found_after(statement), statement


def test_damage_to_the_cases_of_every_subject_is_named_with_the_document(documents):
    waiting = {
        f"orders {documents.waiting}", f"applications {documents.application}",
        f"affiliation_requests {documents.change}", f"stores {documents.store}",
    }  # fmt: skip
    closed = {f"orders {number}" for number in documents[2:6]}
    assert {name.split()[0] for name in waiting} == set(SUBJECTS)

    for change, sentence, named in (
        ("initiators = ''", "its open case names other persons who may not decide than it does itself", waiting),
        ("path = '999'", "the path of a case of it is not its own", waiting | closed),
        ("view_permission = 'order.place'", "a case of it needs another permission to be seen than it does itself",
         waiting | closed),
        ("status = 'withdrawn'", "it waits and has no open case", waiting),
    ):  # fmt: skip
        found = found_after(f"UPDATE approval_cases SET {change}")
        assert {one.removesuffix(f": {sentence}") for one in found if one.endswith(sentence)} == named


def test_an_order_may_get_a_buyer_of_another_branch_after_its_case_was_closed(documents):
    with unit_of_work(ADMIN) as session:
        change_order(session, documents.returned, draft(("MILK", 1), buyer="BF"))

    with reading(ADMIN) as session:
        assert broken_invariants(session) == []


def test_every_subject_declares_what_follows_each_end_of_a_case():
    for subject in SUBJECTS.values():
        ends = {CASE_STATUS_AFTER[verb.decision] for verb in subject.verbs.values() if verb.decision != "declined"}
        assert ends <= set(subject.statuses_after), subject.name
        assert CaseStatus.OPEN not in subject.statuses_after


def test_a_row_of_a_branch_that_is_astray_is_found_whatever_its_table(documents):
    paths = {
        mapper.class_.__tablename__: mapper.class_
        for mapper in Base.registry.mappers
        if "path" in mapper.columns and getattr(mapper.class_, "follows_branch", False)
    }
    with reading(ADMIN) as session:
        present = [name for name, model in paths.items() if session.scalars(select(model).limit(1)).first() is not None]
    assert {"partners", "orders", "order_lines", "credit_balances", "approval_cases", "stores"} <= set(present)

    assert [name for name in present if not found_after(f"UPDATE {name} SET path = '999'")] == []
