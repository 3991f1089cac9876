"""Two people who save the same row at the same moment, for every resource that is saved from drafts.

The second one comes in before each statement of the first, does all it can, and then the first goes on.
"""

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Engine, func, select

import resources
from core.access import Actor
from core.database.sessions import reading, transact
from core.drafts import Drafts, draft_one
from core.errors import Conflict, DomainError
from core.events.log import Event
from core.resource import Field, Resource, noun_of
from importers.runs.batches import import_file
from importers.runs.runner import Source
from models.customers import Customer
from resources.customers import CUSTOMERS
from services.customers import save_customers
from services.saving.plans import Saved, SaveOptions, json_value
from tests.conftest import ADMIN, BEIFANG_CLERK, HUADONG_CLERK
from tests.support.schedules import Runner, interleave, interruption, statement_count

SAVED = [one for one in resources.ALL if one.save is not None and one.row_groups is None]
IMPORTED = 60  # rows of each file
VALUES = (("甲", "乙"), ("11", "12"))  # as two people state the same field: a text, or else a number

every_resource = pytest.mark.parametrize("resource", SAVED, ids=lambda resource: resource.name)


class Example(NamedTuple):
    """A row as the template shows it, and a field of it that two people may state differently."""

    resource: Resource
    row: dict[str, str]
    field: Field
    texts: tuple[str, str]

    def save(self, text: str, version: int | None = None) -> Saved:
        """Save the row, with another value of the field, in a unit of work of its own."""
        drafts, problems = draft_one(self.resource.stated_fields, {**self.row, self.field.name: text})
        assert problems == []
        assert self.resource.save is not None
        save = self.resource.save
        return transact(ADMIN, lambda session: save(session, drafts, SaveOptions(version=version)).or_refuse())

    @property
    def key(self) -> str:
        """Return the key of the row."""
        return "~".join(self.row[name] for name in self.resource.keys)

    def stored(self) -> tuple[int, Any]:
        """Return the version and the stored value of the field."""
        drafts, _ = draft_one(self.resource.stated_fields, self.row)
        query = select(self.resource.model.version, self.field.column)
        for name in self.resource.keys:
            field, value = self.resource.field(name), drafts.columns[name][0]
            if field.kind.reference:
                named = field.kind.reference.key
                query = query.where(field.column.in_(select(named.class_.id).where(named == value)))
            else:
                query = query.where(field.column == value)
        with reading(ADMIN) as session:
            version, value = session.execute(query).one()
            return version, json_value(value)

    def events(self) -> list[tuple[str, int | None, Any, Any]]:
        """Return what happened to it: action, version, value before and after."""
        with reading(ADMIN) as session:
            return list(map(self._happening, events_of(session, self.resource, self.key)))

    def _happening(self, one: Event) -> tuple[str, int | None, Any, Any]:
        before, after = one.changes.get(self.field.name, (None, (one.created_values or {}).get(self.field.name)))
        return one.action.rpartition(".")[2], one.subject_version, before, after


def events_of(session: Any, resource: Resource, key: str) -> list[Event]:
    query = select(Event).where(Event.subject == resource.name, Event.subject_key == key)
    made = [f"{noun_of(resource.name)}.{happening}" for happening in ("created", "changed")]
    return list(session.scalars(query.where(Event.action.in_(made)).order_by(Event.id)))


def example_of(resource: Resource) -> Example:
    """Return the example of a resource; what it refers to is saved."""
    stated = [field for field in resource.stated_fields if field.required]
    for field in stated:
        if field.kind.reference:
            needed = example_of(resources.BY_NAME[field.kind.reference.resource])
            needed.save(needed.texts[0])
    row = {field.name: field.example for field in stated}
    for field in stated:
        for texts in VALUES:
            is_free = field.name not in resource.keys and not field.kind.choices and field.kind.reference is None
            if is_free and not any(draft_one([field], {field.name: text})[1] for text in texts):
                return Example(resource, row, field, texts)
    raise AssertionError(f"{resource.name} has no field to save twice")


def interrupted(engine: Engine, turns: int, *steps: Callable[[], Any]) -> list[Runner]:
    """Run two steps as ``tests.support.schedules.interruption``; only refusals are errors that may happen."""
    runners = interleave(engine, interruption(turns), *steps)
    for runner in runners:
        assert runner.error is None or isinstance(runner.error, DomainError), runner.error
    return runners


@every_resource
def test_of_two_who_save_what_they_have_both_seen_one_has_to_reload(postgres_database, resource: Resource):
    example = example_of(resource)
    example.save(example.row[example.field.name])
    count = statement_count(postgres_database, lambda: example.save(example.texts[1]))
    for turns in range(1, count + 2):
        (version, before), happened = example.stored(), example.events()
        first, second = (f"{text}{turns}" for text in example.texts)

        runners = interrupted(
            postgres_database, turns, partial(example.save, first, version), partial(example.save, second, version)
        )

        errors = [runner.error for runner in runners if runner.error is not None]
        assert [(type(error), error.code) for error in errors] == [(Conflict, "rows.changed_meanwhile")], turns
        now, after = example.stored()
        assert now == version + 1
        assert example.events() == [*happened, ("changed", now, before, after)]


@every_resource
def test_a_row_that_two_add_at_once_is_created_once_and_changed_by_the_other(
    postgres_database, postgres_reset, resource: Resource
):
    example = example_of(resource)
    count = statement_count(postgres_database, partial(example.save, example.texts[0]))
    for turns in range(1, count + 2):
        postgres_reset()
        example_of(resource)

        runners = interrupted(postgres_database, turns, *(partial(example.save, text) for text in example.texts))

        assert [runner.error for runner in runners] == [None, None], turns
        assert sorted((one.result.created, one.result.updated) for one in runners) == [(0, 1), (1, 0)]
        (created, _, _, first), (changed, version, before, last) = example.events()
        assert (created, changed, version) == ("created", "changed", 2)
        assert before == first != last
        assert example.stored() == (2, last)


def test_rows_of_two_that_overlap_are_each_created_once(postgres_database, postgres_reset):
    mine, yours = rows_of("甲", 1, 5), rows_of("乙", 3, 7)
    count = statement_count(postgres_database, mine)
    for turns in range(1, count + 2):
        postgres_reset()

        runners = interrupted(postgres_database, turns, mine, yours)

        assert [runner.error for runner in runners] == [None, None], turns
        assert sum(runner.result.created for runner in runners) == 6
        assert sum(runner.result.updated for runner in runners) == 2
        assert_events_tell_what_is_stored(6)


def test_a_row_that_is_added_where_the_actor_cannot_see_it_does_not_change(postgres_database, postgres_reset):
    rivals = partial(save_customers_of, BEIFANG_CLERK, Drafts([2], {"code": ["C01"], "name": ["北方"]}))
    drafts = Drafts([2, 3], {"code": ["C01", "C02"], "name": ["华东", "华东"]})
    own = partial(save_customers_of, HUADONG_CLERK, drafts)
    count = statement_count(postgres_database, own)
    for turns in range(1, count + 2):
        postgres_reset()

        first, second = interrupted(postgres_database, turns, own, rivals)

        assert (first.error, second.error) == (None, None)
        assert first.result.created + second.result.created == 2
        refused = [problem.problem.code for one in (first, second) for problem in one.result.problems]
        assert refused == ["rows.key_not_available"]
        assert_events_tell_what_is_stored(2)


def test_a_row_that_moves_out_of_sight_while_it_is_saved_does_not_change(postgres_database, postgres_reset):
    own = partial(save_customers_of, HUADONG_CLERK, Drafts([2], {"code": ["C01"], "name": ["华东"]}))
    away = partial(save_customers_of, ADMIN, Drafts([2], {"code": ["C01"], "partner": ["BF"]}))
    again = partial(save_customers_of, HUADONG_CLERK, Drafts([2], {"code": ["C01"], "name": ["华东新"]}))
    own()
    count = statement_count(postgres_database, again)
    for turns in range(1, count + 2):
        postgres_reset()
        own()

        changed, moved = interrupted(postgres_database, turns, again, away)

        assert (changed.error, moved.error, moved.result.updated) == (None, None, 1)
        is_refused = [problem.problem.code for problem in changed.result.problems] == ["rows.key_not_available"]
        with reading(ADMIN) as session:
            assert session.scalars(select(Customer.name)).all() == ["华东" if is_refused else "华东新"]
        assert_events_tell_what_is_stored(1)


@pytest.mark.parametrize("seed", range(4))
def test_two_imports_of_the_same_keys_create_each_row_once(postgres_database, tmp_path: Path, seed: int):
    chance = random.Random(seed)
    steps = []
    for name in "甲乙":
        codes = chance.sample(range(IMPORTED * 3 // 2), IMPORTED)
        path = tmp_path / f"{name}.csv"
        path.write_text("code,name\n" + "".join(f"C{code:04},{name}{code}\n" for code in sorted(codes)), "utf-8")
        source = Source(path=path, name=path.name, kind="csv")
        steps.append(partial(import_file, CUSTOMERS, source, ADMIN, sha256=name))
    schedule = tuple(chance.randrange(2) for _ in range(100))

    runners = interleave(postgres_database, schedule, *steps)

    assert [runner.error for runner in runners] == [None, None]
    with reading(ADMIN) as session:
        stored = session.scalar(select(func.count()).select_from(Customer)) or 0
    assert sum(runner.result.created for runner in runners) == stored
    assert sum(runner.result.updated for runner in runners) == 2 * IMPORTED - stored
    assert_events_tell_what_is_stored(stored)


def rows_of(name: str, first: int, last: int) -> Callable[[], Saved]:
    """Return the step that saves customers of that name, by number from first to last."""
    numbers = list(range(first, last))
    drafts = Drafts(numbers, {"code": [f"C{one:02}" for one in numbers], "name": [name] * len(numbers)})
    return partial(save_customers_of, ADMIN, drafts)


def save_customers_of(actor: Actor, drafts: Drafts) -> Saved:
    return transact(actor, lambda session: save_customers(session, drafts, SaveOptions()))


def assert_events_tell_what_is_stored(count: int) -> None:
    """Require that each customer was created once, and that every change began where the one before it ended."""
    latest: dict[str, tuple[int | None, str]] = {}
    with reading(ADMIN) as session:
        for one in session.scalars(select(Event).where(Event.subject == "customers").order_by(Event.id)):
            if one.action == "customer.created":
                assert one.subject_key not in latest
                latest[one.subject_key] = (one.subject_version, (one.created_values or {})["name"])
            else:
                version, name = latest[one.subject_key]
                before, after = one.changes.get("name", (name, name))
                assert (one.subject_version, before) == ((version or 0) + 1, name)
                latest[one.subject_key] = (one.subject_version, after)
        query = select(Customer.code, Customer.version, Customer.name)
        assert latest == {code: (version, name) for code, version, name in session.execute(query)}
    assert len(latest) == count
