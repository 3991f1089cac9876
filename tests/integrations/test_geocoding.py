"""Finding positions of addresses: each provider's datum is stated, each failure is a sentence."""

from time import sleep

import pytest

from core import settings as core_settings
from core.errors import Conflict, DomainError, InvalidInput
from core.positions.points import Datum
from core.setting_rules import GEOCODERS
from core.settings import read_settings
from integrations.geocoding import _providers
from integrations.geocoding.search import DATUMS, find_candidates
from tests.integrations.stand_in import geocoding_service, of_baidu, of_nominatim


@pytest.fixture
def service(monkeypatch):
    monkeypatch.setattr(_providers, "INTERVAL_S", 0)
    with geocoding_service() as stand_in:
        yield stand_in
    core_settings.settings.cache_clear()


def use(monkeypatch, provider: str, url: str, key: str = "") -> None:
    for name, value in {"GEOCODER": provider, "GEOCODER_URL": url, "GEOCODER_KEY": key}.items():
        monkeypatch.setenv(f"QUDAO_{name}", value)
    core_settings.settings.cache_clear()


def test_nominatim_answers_in_wgs84_with_half_the_box_as_its_radius(service, monkeypatch):
    use(monkeypatch, "nominatim", service.url)
    service.answer = [of_nominatim(31.2323, 121.4752), of_nominatim(31.24, 121.48, 0.1)]

    first, second = find_candidates("上海市黄浦区南京东路 1 号")

    assert (first.latitude, first.longitude, first.datum, first.provider) == (
        31.2323,
        121.4752,
        Datum.WGS84,
        "nominatim",
    )
    assert 130 < first.accuracy_m < 160 and 13_000 < second.accuracy_m < 16_000
    assert service.questions[0]["q"] == "上海市黄浦区南京东路 1 号"


def test_baidu_answers_in_bd09_with_its_confidence_as_radius(service, monkeypatch):
    use(monkeypatch, "baidu", service.url, "key-1")
    service.answer = of_baidu(31.234436, 121.484748)

    (only,) = find_candidates("上海市黄浦区")

    assert (only.datum, only.accuracy_m) == (Datum.BD09, 100)
    assert service.questions[0]["ak"] == "key-1"


@pytest.mark.parametrize(("provider", "answer"), [("nominatim", []), ("baidu", {"status": 0, "result": []})])
def test_an_address_that_nobody_knows_has_no_candidate(service, monkeypatch, provider, answer):
    use(monkeypatch, provider, service.url, "key-2")
    service.answer = answer

    assert find_candidates("nowhere") == []


@pytest.mark.parametrize(
    ("provider", "status", "answer", "kind", "code"),
    [
        ("nominatim", 403, [], InvalidInput, "geocoding.key_refused"),
        ("nominatim", 429, [], Conflict, "geocoding.busy"),
        ("nominatim", 500, [], Conflict, "geocoding.unreachable"),
        ("nominatim", 503, [], Conflict, "geocoding.unreachable"),
        ("nominatim", 200, b"<html>a wall</html>", InvalidInput, "geocoding.not_understood"),
        ("nominatim", 200, [{"lat": "x"}], InvalidInput, "geocoding.not_understood"),
        ("baidu", 200, {"status": 200, "message": "no such key"}, InvalidInput, "geocoding.key_refused"),
        ("baidu", 200, {"status": 302, "message": "quota"}, Conflict, "geocoding.busy"),
        ("baidu", 200, {"status": 2, "message": "parameter"}, InvalidInput, "geocoding.not_understood"),
    ],
)
def test_each_failure_is_a_sentence_without_the_key(service, monkeypatch, provider, status, answer, kind, code):
    use(monkeypatch, provider, service.url, "secret-key")
    service.status, service.answer = status, answer

    with pytest.raises(kind) as failed:
        find_candidates("上海")

    assert failed.value.code == code and "secret-key" not in failed.value.text


def test_a_service_that_is_not_there_or_slow_is_said(service, monkeypatch):
    use(monkeypatch, "nominatim", "http://127.0.0.1:9")

    with pytest.raises(Conflict) as failed:
        find_candidates("上海")

    assert failed.value.code == "geocoding.unreachable"


def test_without_a_setting_nothing_is_asked(service, monkeypatch):
    use(monkeypatch, "", service.url)

    with pytest.raises(InvalidInput) as refused:
        find_candidates("上海")

    assert refused.value.code == "geocoding.off" and service.questions == []


def test_two_questions_keep_a_distance(service, monkeypatch):
    monkeypatch.setattr(_providers, "INTERVAL_S", 0.3)
    use(monkeypatch, "nominatim", f"{service.url}/slowly")
    service.answer = [of_nominatim(31.2323, 121.4752)]
    waits = []
    limited = _providers._limited("nominatim", f"{service.url}/slowly", "")
    monkeypatch.setattr(limited, "_sleep", lambda seconds: (waits.append(seconds), sleep(seconds)))

    find_candidates("上海")
    find_candidates("上海")

    assert len(waits) == 1 and 0 < waits[0] <= 0.3


@pytest.mark.parametrize(
    "stated",
    [
        {"geocoder": "google"},
        {"geocoder": "nominatim"},
        {"geocoder": "baidu"},
        {"geocoder": "nominatim", "geocoder_url": "nominatim.example.cn"},
    ],
    ids=str,
)
def test_a_setting_that_means_nothing_is_refused(stated):
    with pytest.raises(DomainError) as refused:
        read_settings({f"QUDAO_{name.upper()}": value for name, value in stated.items()})

    assert refused.value.code == "settings.invalid"


def test_every_provider_states_its_datum():
    assert set(DATUMS) == set(GEOCODERS)
