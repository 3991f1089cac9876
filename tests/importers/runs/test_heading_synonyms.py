"""Words of people's own worksheets: each means one field, and the usual ones are understood."""

import pytest

from core.resource import Field
from importers.runs._heading_synonyms import SYNONYMS
from importers.runs.mapping import editable_fields, plain_heading, suggest
from resources import BY_NAME, SHEETS
from tests.conftest import ADMIN

FILLED = {name: sheet for name, sheet in SHEETS.items() if name in {*BY_NAME} and editable_fields(sheet, ADMIN)}


def fields_found(resource: str, *headings: str) -> list[str]:
    found = suggest(SHEETS[resource], ADMIN, headings)
    assert {one.certainty for one in found if one.field} == {"sure"}
    return [one.field for one in found]


def words_of(field: Field) -> list[str]:
    return [*SYNONYMS.get(field.name, ()), *filter(None, field.synonyms.split("|"))]


@pytest.mark.parametrize("resource", FILLED)
def test_no_word_means_two_fields_of_a_resource(resource):
    names = [field.name for field in editable_fields(FILLED[resource], ADMIN)]
    words = [(plain_heading(word), name) for name in names for word in words_of(FILLED[resource].field(name))]
    meanings = {word: {name for other, name in words if other == word} for word, _name in words}

    assert {word: found for word, found in meanings.items() if len(found) > 1} == {}


def test_every_word_is_for_a_field_that_a_worksheet_can_hold():
    known = {field.name for sheet in FILLED.values() for field in editable_fields(sheet, ADMIN)}

    assert set(SYNONYMS) - known == set()


def test_words_of_a_field_that_one_resource_has_stand_there():
    users = {name: [one for one in FILLED if name in {field.name for field in FILLED[one].fields}] for name in SYNONYMS}

    assert [name for name, resources in users.items() if len(resources) < 2] == ["note", "email"]


def test_a_list_of_shops_from_elsewhere_is_understood():
    assert fields_found(
        "stores", "Store Number", "Store Name", "Street Address", "Phone Number", "Longitude", "Latitude", "Timezone"
    ) == ["code", "name", "address", "phone", "longitude", "latitude", ""]
    assert fields_found("stores", "店铺编号", "店名", "店长", "店址", "GPS经度", "GPS纬度", "坐标类型", "误差") == [
        "code", "name", "contact", "address", "longitude", "latitude", "datum", "accuracy_m",
    ]  # fmt: skip


def test_price_lists_orders_and_customers_of_other_systems_are_understood():
    assert fields_found("products", "货号", "品名", "箱规", "商品条码", "产品类别") == [
        "sku", "name", "box_units", "barcode", "category",
    ]  # fmt: skip
    assert fields_found("prices", "货号", "级别", "含税单价", "开始日期") == ["sku", "tier", "unit_price", "valid_from"]
    assert fields_found("orders", "订单编号", "客户编号", "收货人", "收货电话", "收货地址", "货号", "数量") == [
        "number", "buyer", "ship_to_name", "ship_to_phone", "ship_to_address", "sku", "quantity",
    ]  # fmt: skip
    assert fields_found("customers", "客户名", "姓名", "手机号", "城市", "业务员") == [
        "name", "contact", "phone", "region", "owner",
    ]  # fmt: skip
