"""Promises that every resource keeps, run over all of them."""

import inspect
import io
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import func, select

import resources
from core.database.sessions import Base, reading, unit_of_work
from core.drafts import draft_one
from core.errors import NotPermitted
from core.events.log import Event
from core.i18n import LANGUAGES, Phrase, catalogue, use_language
from core.kinds.kind import Refused
from core.permissions import Permission
from core.queries.finding import read_query, stream_rows
from core.resource import Action, Resource
from importers.exporting import template_for, write_rows
from importers.runs.batches import import_file
from importers.runs.mapping import editable_fields, plain_heading
from importers.runs.runner import Source, preview_import
from tests.conftest import ADMIN, CAST

every_resource = pytest.mark.parametrize("resource", resources.ALL, ids=lambda resource: resource.name)
importable = pytest.mark.parametrize(
    "resource", [one for one in resources.ALL if one.save is not None], ids=lambda resource: resource.name
)


@every_resource
def test_names_and_labels_are_unique_in_every_language(resource: Resource):
    assert len(set(resource.names)) == len(resource.names)
    for language in LANGUAGES:
        labels = [catalogue(language).get(field.label, field.label) for field in resource.fields]
        assert len({plain_heading(label) for label in labels}) == len(labels), labels


@every_resource
def test_what_a_resource_names_exists(resource: Resource):
    assert set(resource.keys) <= set(resource.names)
    assert {name.removeprefix("-") for name in resource.order} <= set(resource.names)
    assert set(resource.sums) <= set(resource.names)
    assert all(resource.field(name).kind.style in {"money", "integer"} for name in resource.sums)
    assert isinstance(resource.view, Permission)
    assert resource.save is None or resource.edit is not None


@every_resource
def test_every_choice_has_a_label_in_both_languages(resource: Resource):
    for field in resource.fields:
        for choice in field.kind.choices:
            label = choice.label
            parts = [label.message, *label.names.values()] if isinstance(label, Phrase) else [label]
            assert set(parts) <= catalogue("zh_CN").keys(), choice


@every_resource
def test_a_reference_names_a_resource_that_is_there(resource: Resource):
    for field in resource.fields:
        if field.kind.reference:
            target = resources.BY_NAME[field.kind.reference.resource]
            assert target.field(target.keys[0]).column.key == field.kind.reference.key.key


@importable
def test_every_example_is_a_value(resource: Resource):
    stated = {field.name: field.example for field in resource.stated_fields if not field.kind.reference}

    _, problems = draft_one(resource.stated_fields, stated)

    required = {field.name for field in resource.stated_fields if field.required and field.kind.reference}
    assert [(p.field, p.problem.code) for p in problems if p.field not in required] == []


@importable
def test_the_template_imports_as_it_is(resource: Resource, database, tmp_path: Path):
    for example in _before(resource):
        path = tmp_path / f"{example.name}.xlsx"
        with path.open("wb") as target:
            template_for(example, ADMIN, target)
        report = import_file(example, Source(path=path, name=path.name, kind="xlsx"), ADMIN, sha256="0")
        assert (report.created, [p.problem.text for p in report.problems]) == (1, []), example.name
    path = tmp_path / "again.xlsx"
    with path.open("wb") as target:
        template_for(resource, ADMIN, target)

    report = preview_import(resource, Source(path=path, name=path.name, kind="xlsx"), ADMIN)

    assert (report.unchanged, report.ignored, report.problems) == (1, [], [])


def test_a_template_speaks_the_language_of_who_fills_it_in():
    target = io.BytesIO()

    with use_language("zh_CN"):
        template_for(resources.BY_NAME["partners"], ADMIN, target)

    headings, example = openpyxl.load_workbook(target).worksheets[0].iter_rows(max_row=2, values_only=True)
    shown = dict(zip(headings, example, strict=True))
    assert (shown["层级"], shown["状态"]) == ("总代理", "有效")


@importable
@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_what_is_exported_imports_as_no_change(resource: Resource, database, tmp_path: Path, ending: str):
    for example in _before(resource):
        path = tmp_path / f"{example.name}.xlsx"
        with path.open("wb") as target:
            template_for(example, ADMIN, target)
        import_file(example, Source(path=path, name=path.name, kind="xlsx"), ADMIN, sha256="0")
    path = tmp_path / f"export.{ending}"
    with reading(ADMIN) as session, path.open("wb") as target:
        query = read_query(resource, ADMIN, [])
        fields = [resource.field(name) for name in query.fields]
        rows = (row for some in stream_rows(session, query) for row in some)
        count = write_rows(target, ending, resource, fields, rows)

    source = Source(path=path, name=path.name, kind="csv" if ending == "csv" else "xlsx")
    report = preview_import(resource, source, ADMIN)

    assert count >= 1
    assert (report.unchanged, report.created, report.updated, report.problems) == (count, 0, 0, [])


def _before(resource: Resource) -> list[Resource]:
    """Return what must be there before a resource's own example: what it requires a reference to, then itself."""
    needed = [
        resources.BY_NAME[field.kind.reference.resource]
        for field in resource.stated_fields
        if field.required and field.kind.reference
    ]
    return [*needed, resource]


@every_resource
@pytest.mark.parametrize("actor", CAST, ids=lambda actor: actor.name)
def test_a_confidential_field_does_not_exist_for_who_may_not_see_it(resource: Resource, actor):
    seen = {field.name for field in resource.fields_for(actor)}
    stated = {field.name for field in editable_fields(resource, actor)}
    for field in resource.fields:
        hidden = field.confidential_to is not None and not actor.can(field.confidential_to)
        assert (field.name in seen) is not hidden
        assert not hidden or field.name not in stated


@every_resource
def test_rows_are_found_by_the_key_first_and_by_what_a_worksheet_states(resource: Resource):
    stated = [field.name for field in resource.stated_fields]

    assert set(resource.match) <= set(stated)
    assert not resource.match or resource.match[0] == resource.keys[0]


@pytest.mark.parametrize(
    ("resource", "action"),
    [(one, action) for one in resources.ALL for action in one.actions],
    ids=[f"{one.name}-{action.name}" for one in resources.ALL for action in one.actions],
)
def test_an_action_is_refused_to_who_may_not_and_records_nothing(resource: Resource, action: Action, sqlite_database):
    values = {one.name: one.kind.choices[0].value if one.kind.choices else "x" for one in action.inputs}
    strangers = [actor for actor in CAST if not actor.can(action.permission)]
    assert strangers

    for actor in strangers:
        try:
            with unit_of_work(actor) as session:
                outcomes = action.run(session, ["x"], "a reason", **values)
        except NotPermitted:
            continue
        assert [one.problem.code for one in outcomes] == ["access.denied"], actor.name

    with reading(ADMIN) as session:
        assert session.scalar(select(func.count()).select_from(Event)) == 0


@every_resource
def test_what_an_action_is_told_is_an_argument_of_its_function(resource: Resource):
    for action in resource.actions:
        names = [one.name for one in action.inputs]
        assert len(set(names)) == len(names)
        assert set(names) <= inspect.signature(action.run).parameters.keys()
        assert all(one.kind.parse_cell(one.initial) == one.initial for one in action.inputs if one.initial)


def test_every_table_says_who_sees_its_rows():
    for mapper in Base.registry.mappers:
        for actor in CAST:
            mapper.class_.visible_to(actor)


@pytest.mark.parametrize("resource", resources.ALL, ids=lambda resource: resource.name)
def test_the_two_forms_of_every_rule_agree(resource: Resource):
    words = "x|007|13800138000|1.38E+10|310106|北京市|2026-01-03|a@b.cn|12.30|=1|\x00|91350100M000100Y43"
    more = "91350100M000100Y4Z|lead|线索|９|1;2；3| a |0|-1"
    texts = ["", " ", "A" * 300, *words.split("|"), *more.split("|")]
    cells = [*texts, None, 7, 7.0, 0.1 + 0.2, 4.4e17, True]
    for field in resource.fields:
        values, problems = field.kind.parse_column(cells)
        for index, cell in enumerate(cells):
            try:
                expected = field.kind.parse_cell(cell)
            except Refused as refused:
                assert problems[index].code == refused.problem.code, (field.name, cell)
            else:
                assert values[index] == expected, (field.name, cell)
                assert index not in problems


def test_a_workbook_of_every_resource_has_no_formula(database):
    for resource in resources.ALL:
        target = io.BytesIO()
        with reading(ADMIN) as session:
            query = read_query(resource, ADMIN, [])
            fields = [resource.field(name) for name in query.fields]
            write_rows(target, "xlsx", resource, fields, (row for some in stream_rows(session, query) for row in some))
        assert b"<f>" not in target.getvalue()
