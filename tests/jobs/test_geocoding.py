"""The address of a store is looked up in the background; what is found is proposed, what fails is said."""

import pytest
from sqlalchemy import select

import jobs  # noqa: F401  (registers every job)
from core import settings as core_settings
from core.database.sessions import reading, unit_of_work
from core.jobs.rows import Job, JobStatus
from core.jobs.worker import run_next
from integrations.geocoding import _providers
from services.geocoding import ask_for_position
from tests.conftest import ADMIN, WEI
from tests.integrations.stand_in import geocoding_service, of_nominatim
from tests.services.stores.support import HUANGPU, found, save, shop, stored

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def service(monkeypatch):
    monkeypatch.setattr(_providers, "INTERVAL_S", 0)
    with geocoding_service() as stand_in:
        monkeypatch.setenv("QUDAO_GEOCODER", "nominatim")
        monkeypatch.setenv("QUDAO_GEOCODER_URL", stand_in.url)
        core_settings.settings.cache_clear()
        yield stand_in


def looked_up() -> Job:
    save(ADMIN, shop("S1", latitude=None, longitude=None, address="南京东路 1 号"))
    with unit_of_work(WEI) as session:
        ask_for_position(session, "S1")
    while run_next():
        pass
    with reading(ADMIN) as session:
        return session.scalars(select(Job)).one()


def test_an_address_that_is_found_becomes_a_proposal(service):
    service.answer = [of_nominatim(HUANGPU["latitude"], HUANGPU["longitude"])]

    job = looked_up()

    assert job.status == JobStatus.DONE and "position.proposed" in found("S1")
    assert stored("S1").latitude is None
    assert service.questions[0]["q"] == "上海市黄浦区南京东路 1 号"


def test_an_address_that_is_not_found_fails_in_words_and_changes_nothing(service):
    job = looked_up()

    assert job.status == JobStatus.FAILED and "S1" in (job.error or "")
    assert found("S1") == {}


def test_a_service_that_does_not_answer_is_asked_again_later(service):
    service.status = 503

    job = looked_up()

    assert job.status == JobStatus.WAITING and len(service.questions) == 1
    assert found("S1") == {}
