"""Refusals in the words of people: statuses, tiers and permissions by their names, never by the codes of programs."""

import re

import pytest
from sqlalchemy import update

from core.access import Actor
from core.database.sessions import reading, unit_of_work
from core.errors import NotPermitted
from core.i18n import use_language
from core.permissions import ROLE_PERMISSIONS, Permission, Role
from models.partners.partners import Partner
from services.orders.approval_facts import order_facts
from services.orders.lifecycle import place_order
from services.partners.tree import tier_problem
from tests.conftest import ADMIN, LING, SUZHOU_CLERK
from tests.services.orders.support import add_range, draft, refused, submitted

CODE = re.compile(r"[a-z]+_[a-z_0-9]+|[a-z]+\.[a-z]+|frozen|dealer|store")


@pytest.fixture
def shop(sqlite_database):
    add_range()


def test_every_permission_has_a_name_for_people():
    assert len({one.label for one in Permission}) == len(Permission)


MISSING = [
    (permission, role)
    for permission in Permission
    for role in [one for one in Role if permission not in ROLE_PERMISSIONS[one]][:1]
]
"""Permission → a role that lacks it."""


@pytest.mark.parametrize(("permission", "role"), MISSING)
def test_a_refused_user_reads_the_missing_right_and_the_audit_log_keeps_its_code(permission, role):
    with use_language("zh_CN"), pytest.raises(NotPermitted) as caught:
        Actor("x", role).require(permission)

    assert CODE.search(caught.value.text) is None
    assert caught.value.problem.values["permission"] == permission.value


def test_a_tier_is_named_and_not_coded():
    problem = tier_problem("agent_1", "dealer")

    assert problem is not None
    assert problem.text == "层级为 一级代理，不能挂在层级 经销商 之下"


def test_a_status_is_named_and_not_coded(shop):
    order = submitted(SUZHOU_CLERK)
    with unit_of_work(ADMIN) as session:
        session.execute(update(Partner).where(Partner.code == "SZ").values(status="frozen"))

    placing = refused(SUZHOU_CLERK, lambda session: place_order(session, draft(("MILK", 1))))
    with reading(LING) as session:
        finding = order_facts(session, order.number).findings[0]

    assert "已冻结" in placing.text
    assert "已冻结" in finding.text
    assert [CODE.search(one) for one in (placing.text, finding.text)] == [None, None]
