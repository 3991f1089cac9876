"""One query for grid, export and API: what is asked is what is answered, alike on both databases, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.access import Actor
from core.database.sessions import reading, unit_of_work
from core.errors import InvalidInput, NotPermitted
from core.expressions.nodes import (
    DEPTH_MAX,
    NODES_MAX,
    VALUES_MAX,
    And,
    Compare,
    Comparison,
    Condition,
    Contains,
    FieldPath,
    In,
    IsEmpty,
    Not,
    Or,
    Text,
)
from core.permissions import Role
from core.queries.finding import find_page, find_row, matching_keys, read_query, stream_rows
from core.queries.grid_query import GridQuery
from models.customers import Customer
from resources.customers import CUSTOMERS
from resources.partners import PARTNERS
from resources.users import USERS
from tests.conftest import (
    ADMIN,
    BEIFANG,
    BEIFANG_CLERK,
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

HR = Actor("hr@example.com", Role.HR, language="en")
PATHS = {None: "", HUADONG: HUADONG_PATH, SUZHOU: SUZHOU_PATH, BEIFANG: BEIFANG_PATH}


def add(*rows: dict) -> None:
    with unit_of_work(ADMIN) as session:
        for number, row in enumerate(rows, 1):
            facts = {"code": f"C{number}", "name": f"n{number}", **row}
            session.add(Customer(**facts, path=PATHS[facts.get("partner_id")]))
            session.flush()


def keys(actor, *pairs: tuple[str, str], resource=CUSTOMERS, **changes) -> list[str]:
    """Return the keys of the rows that are asked for, in order of their key unless they say otherwise."""
    stated = pairs if any(name == "sort" for name, _ in pairs) else (*pairs, ("sort", resource.keys[0]))
    with reading(actor) as session:
        query = read_query(resource, actor, stated)
        return [row["_key"] for row in find_page(session, replace(query, **changes)).rows]


def refusal(actor, *pairs: tuple[str, str], resource=CUSTOMERS) -> tuple[str, list[str]]:
    with pytest.raises(InvalidInput) as caught, reading(actor) as session:
        find_page(session, read_query(resource, actor, pairs))
    return caught.value.code, list(caught.value.fields)


def everything(actor, resource=CUSTOMERS, tree: Condition | None = None) -> GridQuery:
    return replace(read_query(resource, actor, [("sort", resource.keys[0])]), filter=tree)


def same(field: str, value: str) -> Compare:
    return Compare(FieldPath((field,)), Comparison.IS, Text(value))


# --- what a row looks like ---


def test_a_row_names_its_fields_its_key_and_the_title_of_what_it_refers_to(database):
    at = datetime(2026, 11, 22, 1, 2, 3, 456789, tzinfo=UTC)
    add({"name": "上海店", "partner_id": SUZHOU, "owner_id": 3, "stage": "won", "created_at": at})

    with reading(WEI) as session:
        page = find_page(
            session, read_query(CUSTOMERS, WEI, [("fields", "code,name,stage,partner,owner,created_at,phone")])
        )

    assert page.rows == [
        {
            "_key": "C1",
            "code": "C1",
            "name": "上海店",
            "stage": "won",
            "partner": "SZ",
            "partner__title": "苏州代理",
            "owner": "wei@example.com",
            "owner__title": "wei",
            "created_at": "2026-11-22T01:02:03Z",
            "phone": None,
        }
    ]
    assert (page.total, page.total_is_exact, page.next_cursor) == (1, True, None)


def test_the_key_comes_along_even_if_its_field_was_not_asked_for(database):
    add({"name": "a"})

    with reading(WEI) as session:
        page = find_page(session, read_query(CUSTOMERS, WEI, [("fields", "name")]))

    assert page.rows == [{"_key": "C1", "name": "a"}]


def test_amounts_leave_as_decimal_yuan(database):
    with reading(LING) as session:
        row = find_row(session, PARTNERS, "HD")

    assert row["credit_limit"] == "1000000.00"


def test_names_of_a_row_never_come_from_data(database):
    add({"code": ":x", "name": ":y", "tags": ":z"})

    with reading(WEI) as session:
        row = find_page(session, read_query(CUSTOMERS, WEI, [])).rows[0]

    allowed = {"_key", *CUSTOMERS.names, "owner__title", "partner__title"}
    assert set(row) == allowed
    assert not any(name.startswith(":") for name in row)


# --- filters ---


def test_a_choice_is_found_by_code_or_label_and_any_of_several(database):
    add({"stage": "lead"}, {"stage": "won"}, {"stage": "lost"})

    assert keys(WEI, ("stage", "won")) == ["C2"]
    assert keys(WEI, ("stage", "Won,lost")) == ["C2", "C3"]
    assert keys(WEI, ("stage", "won"), ("stage", "lead")) == ["C1", "C2"]
    assert keys(WEI, ("stage__not", "won,lost")) == ["C1"]


def test_a_reference_is_found_by_the_others_key(database):
    add({"partner_id": HUADONG}, {"partner_id": SUZHOU}, {})

    assert keys(WEI, ("partner", "SZ")) == ["C2"]
    assert keys(WEI, ("partner__in", "SZ,HD")) == ["C1", "C2"]
    assert keys(WEI, ("partner", "NOBODY")) == []
    assert keys(WEI, ("partner__contains", "苏州")) == ["C2"]
    assert keys(WEI, ("partner__empty", "1")) == ["C3"]


def test_a_part_is_found_in_either_case_of_ascii_letters_and_only_those(database):
    add({"name": "ABC 超市"}, {"name": "abc É"}, {"name": "50%_off"}, {"name": "a/b"})

    assert keys(WEI, ("name__contains", "aBc")) == ["C1", "C2"]
    assert keys(WEI, ("name__contains", "é")) == []
    assert keys(WEI, ("name__contains", "É")) == ["C2"]
    assert keys(WEI, ("name__contains", "%_")) == ["C3"]
    assert keys(WEI, ("name__contains", "_")) == ["C3"]
    assert keys(WEI, ("name__contains", "/")) == ["C4"]


def test_a_plain_text_means_the_whole_text_for_programs_and_a_part_in_an_address(database):
    add({"name": "ab", "partner_id": SUZHOU}, {"name": "abc"})

    address = [("name", "ab"), ("partner", "苏州"), ("view", "mine"), ("cols", "name"), ("row", "7")]
    with reading(WEI) as session:
        page = find_page(session, read_query(CUSTOMERS, WEI, address, from_address=True))

    assert [row["_key"] for row in page.rows] == ["C1"]
    assert keys(WEI, ("name", "ab")) == ["C1"]
    assert keys(WEI, ("name", "a")) == []


def test_days_are_the_brands_and_both_ends_of_a_range_are_in_it(database):
    add(
        {"created_at": datetime(2026, 11, 20, 15, 59, 59, 999999, tzinfo=UTC)},  # 23:59 on the 20th in Shanghai
        {"created_at": datetime(2026, 11, 20, 16, 0, tzinfo=UTC)},
        {"created_at": datetime(2026, 11, 21, 15, 59, 59, 999999, tzinfo=UTC)},
        {"created_at": datetime(2026, 11, 21, 16, 0, tzinfo=UTC)},
    )

    assert keys(WEI, ("created_at", "2026-11-21")) == ["C2", "C3"]
    assert keys(WEI, ("created_at", "2026-11-21..2026-11-21")) == ["C2", "C3"]
    assert keys(WEI, ("created_at", "..2026-11-20")) == ["C1"]
    assert keys(WEI, ("created_at__from", "2026-11-21"), ("created_at__to", "2026-11-22")) == ["C2", "C3"]
    assert keys(WEI, ("created_at__upto", "2026-11-20")) == ["C1"]
    assert keys(WEI, ("created_at", "2026-11-20T15:59:59Z")) == ["C1"]
    assert keys(WEI, ("created_at__to", "2026-11-20T16:00:00Z")) == ["C1"]


def test_amounts_and_days_are_asked_by_range(database):
    assert keys(LING, ("credit_limit", "50000..100000"), resource=PARTNERS) == ["BF", "SZ"]
    assert keys(LING, ("credit_limit__from", "50000.01"), resource=PARTNERS) == ["HD"]
    assert keys(LING, ("credit_limit", "1000000.00"), resource=PARTNERS) == ["HD"]
    assert keys(LING, ("valid_from", "2026-01-01"), resource=PARTNERS) == ["BF", "HD", "SZ"]
    assert keys(LING, ("valid_from__to", "2026-01-01"), resource=PARTNERS) == []


def test_a_region_means_everything_in_it(database):
    add({"region": "310106"}, {"region": "310000"}, {"region": "320500"}, {"region": "320505"}, {})

    assert keys(WEI, ("region", "310000")) == ["C1", "C2"]
    assert keys(WEI, ("region", "320500")) == ["C3", "C4"]
    assert keys(WEI, ("region", "320505")) == ["C4"]


def test_a_tag_is_found_whole(database):
    add({"tags": "连锁;重点"}, {"tags": "连锁店"}, {"tags": "重点"}, {})

    assert keys(WEI, ("tags", "连锁")) == ["C1"]
    assert keys(WEI, ("tags", "连锁店,重点")) == ["C1", "C2", "C3"]


def test_what_is_not_a_value_includes_what_is_empty(database):
    add({"source": "展会"}, {"source": "网站"}, {})

    assert keys(WEI, ("source__not", "展会")) == ["C2", "C3"]
    assert keys(WEI, ("source__empty", "0")) == ["C1", "C2"]


def test_every_word_of_a_search_must_occur_in_one_of_the_fields_people_search_by(database):
    add(
        {"name": "上海 王家店"},
        {"name": "上海", "contact": "王磊"},
        {"code": "WANG", "name": "北京"},
        {"phone": "13800138000"},
    )

    assert keys(WEI, ("q", "上海 王")) == ["C1", "C2"]
    assert keys(WEI, ("q", "wan")) == ["WANG"]
    assert keys(WEI, ("q", "0013")) == ["C4"]
    assert keys(WEI, ("q", "１３８　ｗang")) == []
    assert keys(WEI, ("q", "１３８００")) == ["C4"]
    assert keys(WEI, ("q", "ＷＡＮ")) == ["WANG"]
    assert keys(WEI, ("phone__contains", "８０００")) == ["C4"]
    assert refusal(WEI, ("q", "a")) == ("queries.search_too_short", ["q"])


def test_conditions_combine_to_a_tree(database):
    add(
        {"stage": "won", "source": "a"},
        {"stage": "won", "source": "b"},
        {"stage": "lost", "source": "a"},
        {"stage": "lost"},
    )
    won, a = same("stage", "won"), same("source", "a")

    def found(tree: Condition) -> list[str]:
        with reading(WEI) as session:
            return [row["_key"] for row in find_page(session, everything(WEI, tree=tree)).rows]

    assert found(And((won, a))) == ["C1"]
    assert found(Or((won, a))) == ["C1", "C2", "C3"]
    assert found(And((Or((won, a)), Not(And((won, a)))))) == ["C2", "C3"]
    assert found(Not(Or((won, a)))) == []  # whether an empty source is "a" is unknown
    assert found(Not(Or((won, And((a, Not(IsEmpty(FieldPath(("source",)))))))))) == ["C4"]


def test_a_filter_has_limits(database):
    won = same("stage", "won")
    deep: Condition = won
    for _ in range(DEPTH_MAX - 2):  # a comparison and its operands are two levels
        deep = Not(deep)
    many = And((won,) * (NODES_MAX - 1))
    texts = In(FieldPath(("source",)), (Text("a"),) * VALUES_MAX)

    for tree in (Not(deep), And((*many.parts, won)), In(texts.operand, (*texts.values, Text("a")))):
        with pytest.raises(InvalidInput) as caught, reading(WEI) as session:
            find_page(session, everything(WEI, tree=tree))
        assert caught.value.code == "expressions.too_large"

    with reading(WEI) as session:
        for tree in (deep, many, texts):
            assert find_page(session, everything(WEI, tree=tree)).rows == []
        with pytest.raises(InvalidInput) as caught:
            read_query(CUSTOMERS, WEI, [("source__in", ",".join(["a"] * (VALUES_MAX + 1)))])
        assert caught.value.code == "queries.too_many_conditions"
        assert len(keys(WEI, ("source__in", ",".join(["a"] * VALUES_MAX)))) == 0


@pytest.mark.parametrize(
    ("parameter", "value", "code", "named"),
    [
        ("nothing", "1", "queries.unknown_field", "nothing"),
        ("path", "000001", "queries.unknown_field", "path"),
        ("id", "1", "queries.unknown_field", "id"),
        ("stage__like", "w", "queries.unknown_operator", "stage"),
        ("stage__contains", "w", "queries.unknown_operator", "stage"),
        ("name__from", "a", "queries.unknown_operator", "name"),
        ("stage", "gone", "queries.invalid_value", "stage"),
        ("created_at", "soon", "queries.invalid_value", "created_at"),
        ("created_at", "9999-12-31", "queries.invalid_value", "created_at"),
        ("created_at", "2026-13-45T99:00", "queries.invalid_value", "created_at"),
        ("created_at", "..", "queries.invalid_value", "created_at"),
        ("name__empty", "maybe", "queries.invalid_value", "name"),
        ("name", "a\x00b", "text.illegal_character", "name"),
        ("name__contains", "a" * 501, "queries.invalid_value", "name"),
        ("sort", "path", "queries.unknown_field", "path"),
        ("sort", "--name", "queries.unknown_field", "-name"),
        ("sort", "name,code,phone,stage,source,tags", "queries.invalid_value", "sort"),
        ("fields", "name,password_hash", "queries.unknown_field", "password_hash"),
        ("limit", "0", "queries.invalid_value", "limit"),
        ("limit", "1001", "queries.invalid_value", "limit"),
        ("limit", "ten", "queries.invalid_value", "limit"),
        ("offset", "-1", "queries.invalid_value", "offset"),
        ("count", "all", "queries.invalid_value", "count"),
        ("sums", "yes", "queries.invalid_value", "sums"),
        ("cursor", "bm90IG91cnM", "queries.bad_cursor", "cursor"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(sqlite_database, parameter, value, code, named):
    assert refusal(WEI, (parameter, value)) == (code, [named])


def test_the_largest_page_has_a_thousand_rows(database):
    add(*({} for _ in range(3)))

    assert len(keys(WEI, ("limit", "1000"))) == 3


# --- who sees what ---


def test_only_rows_in_scope_are_found_counted_and_streamed(database):
    add({"partner_id": HUADONG}, {"partner_id": SUZHOU}, {"partner_id": BEIFANG}, {})

    for actor, seen in (
        (HUADONG_CLERK, ["C1", "C2"]),
        (SUZHOU_CLERK, ["C2"]),
        (BEIFANG_CLERK, ["C3"]),
        (WEI, ["C1", "C2", "C3", "C4"]),
    ):
        with reading(actor) as session:
            page = find_page(session, everything(actor))
            streamed = [row[0] for part in stream_rows(session, everything(actor)) for row in part]
            assert [row["_key"] for row in page.rows] == streamed == matching_keys(session, everything(actor)) == seen
            assert page.total == len(seen)
            assert (find_row(session, CUSTOMERS, "C3") is None) == ("C3" not in seen)


def test_a_reference_to_a_hidden_row_is_empty_and_cannot_be_asked_for(database):
    row = everything(SUZHOU_CLERK, PARTNERS)

    with reading(SUZHOU_CLERK) as session:
        page = find_page(session, row)
        by_upstream = find_page(session, replace(row, filter=same("upstream", "HD")))
        by_part = find_page(session, replace(row, filter=Contains(FieldPath(("upstream",)), "华东")))

    assert [(one["_key"], one["upstream"], one["upstream__title"]) for one in page.rows] == [("SZ", None, None)]
    assert by_upstream.rows == by_part.rows == []


def test_a_confidential_field_does_not_exist_for_others(database):
    assert refusal(HUADONG_CLERK, ("credit_limit__from", "1"), resource=PARTNERS) == (
        "queries.unknown_field",
        ["credit_limit"],
    )
    assert refusal(WEI, ("sort", "credit_limit"), resource=PARTNERS)[0] == "queries.unknown_field"
    assert refusal(WEI, ("fields", "credit_limit"), resource=PARTNERS)[0] == "queries.unknown_field"

    with reading(WEI) as session:
        assert "credit_limit" not in find_row(session, PARTNERS, "HD")
        with pytest.raises(InvalidInput):
            find_page(session, read_query(PARTNERS, LING, [("credit_limit", "1..")]))  # made for someone else


def test_without_the_permission_nothing_is_answered(database):
    with reading(HR) as session, pytest.raises(NotPermitted):
        find_page(session, read_query(CUSTOMERS, HR, []))
    with reading(WEI) as session, pytest.raises(NotPermitted):
        find_row(session, USERS, "wei@example.com")
    with reading(WEI) as session, pytest.raises(NotPermitted):
        list(stream_rows(session, read_query(USERS, WEI, [])))


# --- one row ---


def test_a_row_is_found_by_its_key_with_its_version(database):
    add({"name": "a"})

    with reading(WEI) as session:
        row = find_row(session, CUSTOMERS, "C1")
        absent = [find_row(session, CUSTOMERS, key) for key in ("c1", "C2", "", "C1~", "x" * 600, "a\x00")]

    assert (row["_key"], row["name"], row["_version"]) == ("C1", "a", 1)
    assert absent == [None] * 6
