"""Strings that break naive code, in every field: stored and given back exactly, or refused in words."""

import json
import os
from pathlib import Path

import pytest
from sqlalchemy import select

from core.database.sessions import reading, unit_of_work
from core.drafts import draft_rows
from core.queries.finding import read_query, stream_rows
from core.resource import Resource
from importers.exporting import write_rows
from importers.runs.runner import Source, preview_import
from resources.customers import CUSTOMERS
from resources.partners import PARTNERS
from resources.products import PRODUCTS
from services.saving.plans import SaveOptions
from tests.conftest import ADMIN

pytestmark = pytest.mark.campaign
REQUIRED = {"customers": {"name": "n"}, "partners": {"name": "n", "tier": "dealer"}, "products": {"name": "n"}}


@pytest.fixture(scope="module")
def naughty() -> list[str]:
    file = Path(os.environ["QUDAO_DATASETS"]) / "vectors-security" / "blns.json"
    strings: list[str] = json.loads(file.read_text(encoding="utf-8"))
    return [*strings, "a\x00b", chr(0xD800), "\ufffe", "=1+1", "＝1", "'=1", "_x0041_", "\r", "x" * 5000]


@pytest.mark.parametrize("resource", [CUSTOMERS, PARTNERS, PRODUCTS], ids=lambda resource: resource.name)
def test_every_naughty_string_in_every_field_is_kept_exactly_or_refused_in_words(
    database, tmp_path: Path, naughty: list[str], resource: Resource
):
    key = resource.keys[0]
    kept: dict[str, dict[str, str]] = {}
    for field in resource.stated_fields:
        if field.name == key or field.kind.reference or field.kind.name != "text":
            continue
        keys = [f"{field.name}-{number}" for number in range(len(naughty))]
        cells = {name: [value] * len(naughty) for name, value in REQUIRED[resource.name].items()}
        cells |= {key: keys, field.name: naughty}
        drafts, problems = draft_rows(resource.stated_fields, list(range(len(naughty))), cells)
        assert resource.save is not None
        with unit_of_work(ADMIN) as session:
            saved = resource.save(session, drafts, SaveOptions())
        assert all(problem.problem.text for problem in [*problems, *saved.problems])
        refused = {problem.row for problem in [*problems, *saved.problems]}
        for number, text in enumerate(naughty):
            if number not in refused and text:
                kept[keys[number]] = {field.name: text}
        assert saved.created == len(naughty) - len(refused)

    names = [key, *{name for stated in kept.values() for name in stated}]
    columns = [getattr(resource.model, resource.field(name).column.key) for name in names]
    with reading(ADMIN) as session:
        found = {row[0]: dict(zip(names, row, strict=True)) for row in session.execute(select(*columns))}
    for one, stated in kept.items():
        for name, text in stated.items():
            assert found[one][name] == text
    _gives_back_what_it_exports(resource, tmp_path)


def _gives_back_what_it_exports(resource: Resource, folder: Path) -> None:
    for ending in ("xlsx", "csv"):
        path = folder / f"out.{ending}"
        with reading(ADMIN) as session, path.open("wb") as target:
            query = read_query(resource, ADMIN, [])
            fields = [resource.field(name) for name in query.fields]
            rows = (row for some in stream_rows(session, query) for row in some)
            count = write_rows(target, ending, resource, fields, rows)
        kind = "csv" if ending == "csv" else "xlsx"
        report = preview_import(resource, Source(path=path, name=path.name, kind=kind), ADMIN)
        assert (report.unchanged, report.updated, report.created, report.problems) == (count, 0, 0, [])
