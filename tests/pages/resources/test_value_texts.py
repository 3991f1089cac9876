"""Values read the same everywhere, in the language of who reads them."""

import pytest

from core.i18n import use_language
from pages.resources.value_texts import add_titles, chip_tone, value_text
from resources import BY_NAME

CUSTOMERS, PARTNERS, PRODUCTS, PRICES = (BY_NAME[name] for name in ("customers", "partners", "products", "prices"))


@pytest.mark.parametrize(
    ("resource", "field", "value", "text"),
    [
        (CUSTOMERS, "stage", "won", "已成交"),
        (CUSTOMERS, "phone", "13800138000", "138 0013 8000"),
        (CUSTOMERS, "phone", "02161234567", "02161234567"),
        (CUSTOMERS, "region", "330106", "浙江省 杭州市 西湖区"),
        (CUSTOMERS, "region", "999999", "999999"),
        (CUSTOMERS, "tags", "连锁;重点", "连锁、重点"),
        (CUSTOMERS, "created_at", "2026-11-22T01:02:03Z", "2026-11-22 09:02"),
        (PARTNERS, "credit_limit", "1234567.80", "¥1,234,567.80"),
        (PARTNERS, "credit_limit", "0.05", "¥0.05"),
        (PARTNERS, "valid_from", "2026-01-01", "2026-01-01"),
        (PARTNERS, "tier", "agent_1", "一级代理"),
        (PRODUCTS, "tax_rate", "0.13", "13%"),
        (PRODUCTS, "tax_rate", "0", "0%"),
        (PRODUCTS, "box_units", 1200, "1,200"),
        (PRICES, "unit_price", "118", "¥118.00"),
        (PRICES, "unit_price", "1118.1234", "¥1,118.1234"),
        (CUSTOMERS, "name", None, ""),
    ],
)
def test_a_value_reads_as_people_write_it(resource, field, value, text) -> None:
    with use_language("zh_CN"):
        assert value_text(resource.field(field).kind, value) == text


def test_a_reference_reads_as_its_title_and_without_one_as_its_key() -> None:
    kind = CUSTOMERS.field("partner").kind

    assert (value_text(kind, "HD", "华东总代"), value_text(kind, "HD")) == ("华东总代", "HD")


def test_a_status_has_a_colour_and_a_tier_has_none() -> None:
    assert chip_tone(CUSTOMERS.field("stage").kind, "contacted") == "running"
    assert chip_tone(PARTNERS.field("tier").kind, "dealer") is None


def test_codes_that_people_do_not_read_get_their_words_beside_them() -> None:
    rows = [{"region": "310106", "tier": "dealer", "status": "active"}, {"region": None, "tier": None, "status": None}]

    with use_language("en"):
        add_titles([PARTNERS.field(name) for name in ("region", "tier", "status")], rows)

    assert rows[0] == {
        "region": "310106",
        "region__title": "上海市 静安区",
        "tier": "dealer",
        "tier__title": "Dealer",
        "status": "active",
    }
    assert rows[1] == {"region": None, "tier": None, "status": None}


def test_who_is_no_person_is_named_in_the_readers_language() -> None:
    rows = [{"actor": "command line"}, {"actor": "魏川"}]

    with use_language("zh_CN"):
        add_titles(BY_NAME["events"].fields, rows)

    assert [row.get("actor__title") for row in rows] == ["命令行", None]
