"""Storage of fields: what queries and the API ask of it, for every field of every resource."""

import pytest
from sqlalchemy import inspect

from core.resource import Field, Resource
from models.customers import Customer
from resources import EXPORTED

FIELDS = [(resource, field) for resource in EXPORTED.values() for field in resource.fields]


def test_every_field_is_seen():
    assert len(FIELDS) >= 150


@pytest.mark.parametrize(("resource", "field"), FIELDS, ids=lambda one: getattr(one, "name", ""))
def test_a_stated_field_is_kept_in_a_column_of_its_row_and_each_has_a_type(resource: Resource, field: Field):
    columns = inspect(resource.model).columns

    assert not field.stated or resource.save is None or field.stored.name in columns
    assert isinstance(field.stored.python_type, type)


def test_a_column_that_may_be_empty_is_nullable():
    by_name = {field.name: field.stored for field in EXPORTED["customers"].fields}

    assert (by_name["name"].is_nullable, by_name["phone"].is_nullable) == (False, True)
    assert by_name["owner"].name == Customer.owner_id.key
