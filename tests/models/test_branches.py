"""Models that carry a path say whether their rows move with their branch of the channel."""

from typing import Any

from core.database.sessions import Base
from core.events.log import Event

WITH_PATH: list[Any] = [
    mapper.class_ for mapper in Base.registry.mappers if "path" in getattr(mapper.local_table, "c", {})
]


def test_every_model_with_a_path_says_whether_it_follows_its_branch():
    assert len(WITH_PATH) >= 16

    assert [model.__name__ for model in WITH_PATH if type(vars(model).get("follows_branch")) is not bool] == []


def test_events_keep_the_path_of_their_time_and_all_else_follows():
    assert [model for model in WITH_PATH if not model.follows_branch] == [Event]
