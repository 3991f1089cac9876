"""Conditions in the grammar of expressions as a filter: beside the parameters, within what the actor may see."""

import json
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import update

from core.access import Actor
from core.clock import freeze
from core.database.sessions import reading, unit_of_work
from core.errors import InvalidInput
from core.i18n import use_language
from core.queries._statements import compiled_query
from core.queries.finding import find_page, matching_keys, read_query, stream_rows
from core.queries.grid_query import GridQuery, where_text
from core.resource import Resource
from models.customers import Customer
from models.partners.partners import Partner
from resources import BY_NAME, SHEETS
from resources.customers import CUSTOMERS
from resources.partners import PARTNERS
from tests.conftest import (
    ADMIN,
    BEIFANG,
    BEIFANG_PATH,
    HUADONG,
    HUADONG_CLERK,
    HUADONG_PATH,
    LING,
    SUZHOU,
    SUZHOU_CLERK,
    SUZHOU_PATH,
    WEI,
)

PATHS = {None: "", HUADONG: HUADONG_PATH, SUZHOU: SUZHOU_PATH, BEIFANG: BEIFANG_PATH}


def add(*rows: dict) -> None:
    with unit_of_work(ADMIN) as session:
        for number, row in enumerate(rows, 1):
            facts = {"code": f"C{number}", "name": f"n{number}", **row}
            session.add(Customer(**facts, path=PATHS[facts.get("partner_id")]))
            session.flush()


def keys(actor: Actor, where: str, *pairs: tuple[str, str], resource: Resource = CUSTOMERS) -> list[str]:
    with reading(actor) as session:
        query = read_query(resource, actor, [*pairs, ("where", where), ("sort", resource.keys[0])])
        page = find_page(session, query)
        found = [row["_key"] for row in page.rows]
        assert matching_keys(session, query) == found
        assert sum(len(part) for part in stream_rows(session, query)) == page.total == len(found)
        return found


def refusal(actor: Actor, where: str, resource: Resource = CUSTOMERS) -> tuple[str, str]:
    """Code and sentence with which a condition is refused."""
    with use_language("en"), pytest.raises(InvalidInput) as caught, reading(actor) as session:
        find_page(session, read_query(resource, actor, [("where", where)]))
    with use_language("en"):
        assert [problem.text for problem in caught.value.fields.values()] == [caught.value.text]
        assert list(caught.value.fields) == ["where"]
        return caught.value.code, caught.value.text


def test_a_condition_narrows_the_list_beside_its_parameters(database):
    add(
        {"stage": "won", "source": "展会", "partner_id": SUZHOU},
        {"stage": "won", "source": "网站", "partner_id": HUADONG},
        {"stage": "lead", "source": "展会", "partner_id": SUZHOU},
        {"stage": "lost"},
    )

    assert keys(WEI, 'stage = won or source = "展会"') == ["C1", "C2", "C3"]
    assert keys(WEI, 'stage = won or source = "展会"', ("partner", "SZ")) == ["C1", "C3"]
    assert keys(WEI, "阶段 = 已成交 且 来源 包含 展") == ["C1"]
    assert keys(WEI, "partner.tier = agent_1 and not (stage = won)") == ["C3"]
    assert keys(WEI, "partner.upstream.code = HD") == ["C1", "C3"]
    assert keys(WEI, "partner.valid_from >= 2026-01-01 and source is not empty") == ["C1", "C2", "C3"]
    assert keys(WEI, 'source != "展会"') == ["C2"]  # what is empty is neither equal nor unequal
    assert keys(WEI, "partner is empty") == ["C4"]


def test_a_wrong_condition_is_refused_with_what_and_where(database):
    assert refusal(WEI, "stage = won and colour = red")[1] == (
        "Character 17: There is no field “colour” here. There are: Customer code, Customer name, Stage, "
        "Contact, Phone, Social credit code, Region, Address, Owner, Source, Tags, Partner, Created, Changed."
    )
    assert refusal(WEI, "name > 3")[1] == "Character 1: “name” cannot be compared in this way."
    assert refusal(WEI, "(stage = won")[1] == "Character 13: The condition ends too early."
    assert refusal(WEI, "stage = won lost")[1] == "Character 13: “lost” is not expected here."
    assert refusal(LING, "credit_limit = name", PARTNERS)[1] == (
        "Character 16: “credit_limit” and “name” cannot be compared: they are of different kinds."
    )


def test_days_are_those_of_the_brand_on_the_day_of_the_question(database):
    add(
        {"created_at": datetime(2026, 11, 30, 15, 59, 59, 999999, tzinfo=UTC)},  # the last moment of November there
        {"created_at": datetime(2026, 11, 30, 16, 0, tzinfo=UTC)},
        {"created_at": datetime(2026, 12, 1, 15, 59, 59, 999999, tzinfo=UTC)},
        {"created_at": datetime(2026, 12, 1, 16, 0, tzinfo=UTC)},
    )

    with freeze(datetime(2026, 12, 1, 3, 0, tzinfo=UTC)):
        assert keys(WEI, "created_at = today") == ["C2", "C3"]
        assert keys(WEI, "created_at = last month") == ["C1"]
        assert keys(WEI, "created_at <= today") == ["C1", "C2", "C3"]
        assert keys(WEI, "created_at > 1 day ago") == ["C2", "C3", "C4"]
    with freeze(datetime(2026, 12, 1, 16, 30, tzinfo=UTC)):  # the next day there
        assert keys(WEI, "created_at = today") == ["C4"]


def test_a_confidential_field_does_not_exist_for_others_in_a_condition_either(database):
    assert keys(LING, "credit_limit > 50000", resource=PARTNERS) == ["HD"]
    assert refusal(WEI, "credit_limit > 50000", PARTNERS)[0] == "expressions.unknown_field"
    assert refusal(WEI, "partner.credit_limit > 50000")[0] == "expressions.unknown_field"
    assert refusal(SUZHOU_CLERK, "upstream.credit_limit > 50000", PARTNERS)[0] == "expressions.unknown_field"

    with reading(WEI) as session, pytest.raises(InvalidInput):  # made for someone else
        find_page(session, read_query(PARTNERS, LING, [("where", "credit_limit > 1")]))


def test_a_field_of_a_resource_that_the_actor_may_not_see_does_not_exist(database):
    add({"owner_id": 3})

    assert keys(ADMIN, 'owner.name = "wei"') == ["C1"]
    assert refusal(WEI, 'owner.name = "wei"')[0] == "expressions.unknown_field"


ABOUT_THE_ROW_ABOVE = [
    "upstream.tier = master_agent",
    "upstream.tier != master_agent",
    "not (upstream.tier = master_agent)",
    "upstream.tier in (master_agent, agent_1)",
    "upstream.tier is empty",
    "not (upstream.tier is empty)",
    'upstream.name contains "华东"',
    'not (upstream.name contains "华东")',
    'upstream.name starts with "华"',
    "upstream.phone is empty or upstream.tier = dealer",
    "upstream.valid_from >= 2026-01-01",
    "not (upstream.valid_from between 2026-01-01 and 2026-12-31)",
    'upstream = "HD"',
    'upstream != "HD"',
    'upstream in ("HD", "BF")',
    'upstream contains "华东"',
    'not (upstream contains "华东")',
    "upstream.upstream is empty",
    'upstream.upstream.tier = master_agent or upstream.code = "HD"',
    "upstream.name = name",
    "not (upstream.name = name)",
    "upstream.region = 310000",
    "upstream = upstream.upstream",
]


def test_a_partner_learns_nothing_of_the_rows_above_it(database):
    """Whatever stands in the row above, and wherever it hangs itself, the answers stay the same."""
    above = {
        "first": {"code": "HD", "name": "华东总代", "tier": "master_agent"},
        "second": {"code": "HD", "name": "苏州代理", "tier": "dealer", "phone": "13800138000", "region": "310106"},
        "third": {"code": "X", "name": "x", "upstream_id": BEIFANG, "valid_from": date(2020, 1, 1)},
    }  # fmt: skip
    answers = []
    for facts in above.values():
        with unit_of_work(ADMIN) as session:
            session.execute(update(Partner).where(Partner.id == HUADONG).values(**facts))
        answers.append([keys(SUZHOU_CLERK, where, resource=PARTNERS) for where in ABOUT_THE_ROW_ABOVE])

    assert answers[0] == answers[1] == answers[2]
    assert [keys(LING, where, resource=PARTNERS) for where in ABOUT_THE_ROW_ABOVE] != answers[0]


ABOUT_THE_REFERENCE = {
    "upstream is empty": True,
    "upstream is not empty": False,
    "not (upstream is empty)": False,
    'upstream = "HD"': False,
    'upstream != "HD"': False,
    'upstream != "BF"': False,
    'not (upstream = "HD")': False,
    'not (upstream in ("HD", "SZ"))': False,
    'upstream != "SZ"': False,
    'not (upstream contains "zzz")': False,
    'not (upstream contains "华东")': False,
    "upstream.upstream is empty": True,
    "upstream.upstream is not empty": False,
}


def test_a_reference_that_is_shown_as_empty_is_empty_for_every_condition(database):
    hidden = {where: keys(SUZHOU_CLERK, where, resource=PARTNERS) == ["SZ"] for where in ABOUT_THE_REFERENCE}
    with unit_of_work(ADMIN) as session:
        session.execute(update(Partner).where(Partner.id == SUZHOU).values(upstream_id=None))
    empty = {where: keys(SUZHOU_CLERK, where, resource=PARTNERS) == ["SZ"] for where in ABOUT_THE_REFERENCE}

    assert hidden == empty == ABOUT_THE_REFERENCE


def test_a_reference_to_a_row_that_is_seen_is_not_empty(database):
    assert keys(LING, "upstream is not empty", resource=PARTNERS) == ["SZ"]
    assert keys(HUADONG_CLERK, "upstream is not empty", resource=PARTNERS) == ["SZ"]
    assert keys(HUADONG_CLERK, 'not (upstream contains "zzz")', resource=PARTNERS) == ["SZ"]
    assert keys(HUADONG_CLERK, 'upstream != "SZ"', resource=PARTNERS) == ["SZ"]
    assert keys(HUADONG_CLERK, 'upstream != "HD"', resource=PARTNERS) == []


@pytest.mark.parametrize(("empty", "found"), [("1", ["SZ"]), ("0", [])])
def test_the_parameter_for_empty_values_takes_a_hidden_row_for_none_in_lists_and_files(database, empty, found):
    with reading(SUZHOU_CLERK) as session:
        query = read_query(PARTNERS, SUZHOU_CLERK, [("upstream__empty", empty), ("fields", "code,upstream")])
        page = find_page(session, query)
        streamed = [tuple(row) for part in stream_rows(session, query) for row in part]

    assert [row["_key"] for row in page.rows] == found
    assert streamed == [(key, None) for key in found]


def test_the_row_filter_holds_in_what_is_cached_too(database):
    add({"partner_id": SUZHOU}, {"partner_id": BEIFANG})

    for _ in range(2):
        assert keys(WEI, "partner.tier in (agent_1, master_agent)") == ["C1", "C2"]
        assert keys(SUZHOU_CLERK, "partner.tier in (agent_1, master_agent)") == ["C1"]
    with unit_of_work(ADMIN) as session:
        session.execute(update(Partner).where(Partner.id == SUZHOU).values(tier="dealer"))

    assert keys(WEI, "partner.tier in (agent_1, master_agent)") == ["C2"]
    with reading(WEI) as session:
        query = read_query(CUSTOMERS, WEI, [("where", "partner.tier = dealer and created_at <= today")])
        find_page(session, query)
        assert compiled_query(session, query).cache is compiled_query(session, query).cache is not None


def test_a_query_is_written_to_json_and_read_back(database):
    pairs = [("where", "stage in (won, lost) and partner.tier = agent_1"), ("source", "展会"), ("sort", "-name,code")]
    query = read_query(CUSTOMERS, WEI, [*pairs, ("q", "上海"), ("fields", "code,name")])

    data = json.loads(json.dumps(query.to_json()))

    assert GridQuery.from_json(CUSTOMERS, WEI, data) == query
    assert data["v"] == 1 and data["filter"]["v"] == 1
    for wrong, code in (
        ({**data, "v": 2}, "queries.unknown_version"),
        ({**data, "resource": "orders"}, "queries.unknown_version"),
        ({**data, "filter": {**data["filter"], "v": 9}}, "expressions.unknown_version"),
        ({**data, "filter": {"v": 1, "field": "colour", "is": "red"}}, "expressions.unknown_field"),
        ({**data, "filter": {"v": 1, "field": "stage", "like": "w"}}, "expressions.invalid_json"),
        ({**data, "fields": ["colour"]}, "queries.unknown_field"),
        ({**data, "sort": "name"}, "queries.invalid_value"),
        ({**data, "search": 3}, "queries.invalid_value"),
        ([], "queries.unknown_version"),
    ):
        with pytest.raises(InvalidInput) as caught:
            GridQuery.from_json(CUSTOMERS, WEI, wrong)
        assert caught.value.code == code


def test_a_condition_is_shown_in_the_language_of_its_reader():
    with use_language("zh_CN"):
        assert (
            where_text(CUSTOMERS, WEI, "stage = won and created_at >= 3 days ago")
            == "阶段 = 已成交 且 创建时间 >= 3天前"
        )
    with use_language("en"):
        assert where_text(CUSTOMERS, WEI, "阶段 = 已成交") == "Stage = Won"


@pytest.mark.parametrize("resource", SHEETS.values(), ids=SHEETS)
def test_every_field_of_every_resource_and_of_the_rows_above_can_be_asked(database, resource: Resource):
    with reading(ADMIN) as session:
        for field in resource.fields_for(ADMIN):
            names = [field.name]
            if field.kind.reference is not None and field.kind.reference.resource in BY_NAME:
                names += [f"{field.name}.{one}" for one in BY_NAME[field.kind.reference.resource].names]
            wheres = [f"[{name.replace('.', '].[')}] is empty" for name in names]
            wheres += [f"not ({where})" for where in wheres]
            find_page(session, read_query(resource, ADMIN, [("where", " or ".join(wheres))]))
