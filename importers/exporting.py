"""Exporting rows of any resource as the actor may see them: xlsx, csv or jsonl by the name's ending; templates too."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, BinaryIO

from core.access import Actor
from core.errors import InvalidInput
from core.i18n import N_, _, both_languages
from core.kinds.kind import Kind
from core.kinds.standard import PPM
from core.process.late_imports import late_import
from core.resource import Field, Resource
from importers.runs.mapping import editable_fields
from importers.writing.cell_values import SheetColumn
from importers.writing.text import write_csv, write_jsonl
from importers.writing.xlsx import write_xlsx

WIDTHS = {"name": 28, "note": 36, "instant": 18, "uscc": 22, "tags": 20, "money": 16, "email": 26}


def sheet_columns(resource: Resource, fields: Sequence[Field], *, names: bool = False) -> list[SheetColumn]:
    """Return the columns of a file: headed by labels in the current language, or by stable names for programs.

    A text that nobody can correct, e.g. a reason, is written in any case; one that is imported again must be exact.
    """
    return [
        SheetColumn(
            field.name if names else _(field.label),
            field.kind.style,
            WIDTHS.get(field.kind.name, 16),
            replaces=resource.edit_permission(field) is None,
        )
        for field in fields
    ]


def template_for(resource: Resource, actor: Actor, target: BinaryIO) -> None:
    """Write the workbook to fill in for a resource; its example row imports as it is."""
    fields = editable_fields(resource, actor)
    templates = late_import("importers.writing.templates")
    columns = [
        templates.TemplateColumn(
            heading=_(field.label),
            style=field.kind.style,
            required=field.required,
            choices=[_(choice.label) for choice in field.kind.choices],
            hint=" / ".join(both_languages(field.label)),
            width=WIDTHS.get(field.kind.name, 18),
        )
        for field in fields
    ]
    templates.write_template(
        target, sheet=_(resource.label), columns=columns, examples=[[example_of(field) for field in fields]]
    )


def example_of(field: Field) -> str:
    """Return a field's example as a person types it: of few choices the label in the current language."""
    labels = {choice.value: _(choice.label) for choice in field.kind.choices}
    return labels.get(field.example, field.example)


def write_rows(
    target: BinaryIO, ending: str, resource: Resource, fields: Sequence[Field], rows: Iterator[Sequence[Any]]
) -> int:
    """Write stored values by field to ``target`` and return how many rows there were.

    Args:
        target: Receives the file.
        ending: "xlsx", "csv" or "jsonl".
        resource: Names the sheet.
        fields: One for each value of a row.
        rows: Values as ``core.queries.finding.stream_rows`` gives them.

    Raises:
        InvalidInput: ``exports.unknown_format``.
    """
    shown = _display_rows(fields, rows, labels=ending != "jsonl")
    if ending == "xlsx":
        return write_xlsx(target, _(resource.label), sheet_columns(resource, fields), shown)
    if ending == "csv":
        return write_csv(target, sheet_columns(resource, fields), shown)
    if ending == "jsonl":
        return write_jsonl(target, sheet_columns(resource, fields, names=True), shown)
    raise InvalidInput(
        "exports.unknown_format", N_("Files end in .xlsx, .csv or .jsonl, not in “.{ending}”."), ending=ending
    )


def _display_rows(fields: Sequence[Field], rows: Iterator[Sequence[Any]], *, labels: bool) -> Iterator[Sequence[Any]]:
    """Yield rows with the values that a stored one stands for: labels of choices, fractions of parts per million."""
    forms = {index: form for index, field in enumerate(fields) if (form := _form(field.kind, labels=labels))}
    if not forms:
        yield from rows
        return
    for row in rows:
        values = list(row)
        for index, form in forms.items():
            values[index] = form(values[index])
        yield values


def _form(kind: Kind, *, labels: bool) -> Callable[[Any], Any] | None:
    if kind.name == "rate":
        return lambda ppm: None if ppm is None else Decimal(ppm) / PPM
    if labels and kind.choices:
        texts: dict[Any, Any] = {choice.value: _(choice.label) for choice in kind.choices}
        return lambda value: texts.get(value, value)
    return None
