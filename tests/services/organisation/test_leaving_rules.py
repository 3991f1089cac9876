"""Every column that names a person says what becomes of it when the person leaves."""

from sqlalchemy import Column

import models  # noqa: F401  (maps every table)
from core.database.sessions import Base
from services.organisation.handover import KINDS
from services.organisation.leaving import ENDED
from services.organisation.leaving_rules import HISTORY, RULES, LeavingOutcome

NAMES_A_PERSON = ("person",)


def columns_that_name_a_person() -> set[str]:
    """Return ``table.column`` of every foreign key to users, and of every text that is a person's e-mail."""
    return {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if _is_reference(column) or column.name in NAMES_A_PERSON or column.name.endswith("_by")
    }


def _is_reference(column: Column) -> bool:
    return any(key.target_fullname == "users.id" for key in column.foreign_keys)


def test_every_column_that_names_a_person_says_what_becomes_of_it():
    missing = sorted(columns_that_name_a_person() - RULES.keys() - HISTORY.keys())

    assert missing == [], "state in services/organisation/leaving_rules.py what becomes of these when a person leaves"


def test_no_rule_is_about_a_column_that_is_not_there():
    assert sorted({*RULES, *HISTORY} - columns_that_name_a_person()) == []
    assert [
        name for name, rule in RULES.items() if f"{rule.column.class_.__tablename__}.{rule.column.key}" != name
    ] == []
    assert sorted(RULES.keys() & HISTORY.keys()) == []


def test_a_reference_by_number_is_never_just_kept():
    numbers = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if _is_reference(column)
    }

    assert sorted(numbers & HISTORY.keys()) == []


def test_what_is_handed_over_has_a_kind_and_what_ends_is_shown_or_a_secret_of_the_person():
    handed = {name for name, rule in RULES.items() if rule.outcome == LeavingOutcome.HANDED_OVER}
    secrets = {"known_devices.user_id", "recovery_codes.user_id"}

    assert {kind.rule for kind in KINDS} == handed
    assert {name for names in ENDED.values() for name in names} | secrets == set(RULES) - handed
