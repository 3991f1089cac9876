"""Changes of upstream: those concerned consent, the brand decides, the partner moves on the day and not before."""

import zipfile
from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import pytest
from sqlalchemy import select, update

from core.access import Actor
from core.clock import freeze
from core.database.sessions import reading, unit_of_work
from core.jobs.worker import JobRun
from core.permissions import Role
from core.queries.finding import read_query, stream_rows
from importers.exporting import write_rows
from jobs.applications import carry_applications_on
from models.partners.affiliation_requests import AffiliationRequest
from models.partners.partners import Affiliation, Partner
from resources.affiliation_requests import AFFILIATION_REQUESTS
from resources.partners import PARTNERS
from services.approvals.queries import decisions_about
from services.installation.checks import broken_invariants
from services.partners.affiliation_requests import (
    ask_affiliation,
    object_to_affiliation,
    withdraw_affiliation,
)
from services.partners.approval import (
    agree_to_affiliation,
    approve_affiliation,
    decline_affiliation,
    reject_affiliation,
)
from tests.conftest import (
    ADMIN,
    BEIFANG,
    BEIFANG_CLERK,
    BEIFANG_PATH,
    HUADONG_OWNER,
    LING,
    SUZHOU,
    SUZHOU_CLERK,
    SUZHOU_PATH,
    WEI,
)
from tests.services.applications.support import act, refused, rows
from tests.services.orders.support import save
from tests.support.schedules import interleave, some_schedules

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
TODAY, LATER = date(2026, 11, 22), date(2026, 12, 1)
OWNER = Actor("owner@sz", Role.PARTNER_OWNER, "owner@sz", None, SUZHOU, SUZHOU_PATH, language="en")
NEW = Actor("owner@bf", Role.PARTNER_OWNER, "owner@bf", None, BEIFANG, BEIFANG_PATH, language="en")
WORKER = Actor("worker", Role.ADMINISTRATOR, source="job")


def ask(actor: Actor = OWNER, upstream: str | None = "BF", day: date = LATER) -> str:
    with freeze(NOON):
        return str(act(actor, ask_affiliation, "SZ", upstream, day, "离得近").number)


def answered() -> str:
    number = ask()
    with freeze(NOON):
        act(NEW, agree_to_affiliation, number)
    return number


def request(number: str) -> AffiliationRequest:
    with reading(ADMIN) as session:
        return session.scalars(select(AffiliationRequest).where(AffiliationRequest.number == number)).one()


def upstream_of_suzhou() -> int | None:
    with reading(ADMIN) as session:
        return session.scalars(select(Partner.upstream_id).where(Partner.id == SUZHOU)).one()


def on(at: datetime) -> None:
    with freeze(at):
        carry_applications_on(JobRun(1, WORKER, "test"))


def test_whoever_owns_the_partner_consents_by_asking_and_the_new_upstream_is_asked(database):
    number = ask()
    assert (request(number).status, request(number).owner_answer, request(number).upstream_answer) == (
        "asked",
        "agreed",
        None,
    )

    with freeze(NOON):
        act(NEW, agree_to_affiliation, number, "欢迎")

    own = request(number)
    assert (own.status, own.upstream_answer, own.due_at) == ("under_review", "agreed", NOON + timedelta(days=2))
    assert upstream_of_suzhou() == 1


def test_a_request_by_staff_waits_for_the_owner_too(database):
    number = ask(WEI)
    act(NEW, agree_to_affiliation, number)
    assert request(number).status == "asked"

    act(OWNER, agree_to_affiliation, number)

    assert request(number).status == "under_review"


def test_who_declines_ends_it_with_a_reason(database):
    number = ask()
    refused("applications.reason_required", NEW, decline_affiliation, number, "")

    act(NEW, decline_affiliation, number, "不需要")

    assert (request(number).status, request(number).decision_note) == ("refused", "不需要")
    refused("affiliations.wrong_status", NEW, agree_to_affiliation, number)


def test_the_present_upstream_may_object_and_not_decide(database):
    number = ask()

    refused("affiliations.not_asked", HUADONG_OWNER, decline_affiliation, number, "x")
    act(HUADONG_OWNER, object_to_affiliation, number, "还欠货款")

    assert (request(number).status, request(number).objection) == ("asked", "还欠货款")
    refused("affiliations.not_asked", NEW, object_to_affiliation, number, "x")


def test_on_its_day_and_not_before_the_partner_moves_with_its_history(database):
    number = answered()
    with freeze(NOON):
        act(LING, approve_affiliation, number)
    on(NOON + timedelta(days=8))
    assert (request(number).status, upstream_of_suzhou()) == ("approved", 1)

    on(datetime(2026, 11, 30, 16, tzinfo=UTC))  # midnight of 1 December in Shanghai

    assert (request(number).status, upstream_of_suzhou()) == ("done", BEIFANG)
    with reading(ADMIN) as session:
        stood = session.execute(
            select(Affiliation.upstream_id, Affiliation.valid_from, Affiliation.valid_to)
            .where(Affiliation.partner_id == SUZHOU)
            .order_by(Affiliation.valid_from)
        ).all()
        assert broken_invariants(session) == []
    assert [tuple(row) for row in stood] == [(1, date(2026, 1, 1), LATER), (BEIFANG, LATER, None)]
    assert request(number).path.startswith(BEIFANG_PATH)


def test_a_day_that_has_come_moves_the_partner_at_once(database):
    number = ask(day=TODAY)
    with freeze(NOON):
        act(NEW, agree_to_affiliation, number)
        act(LING, approve_affiliation, number, "ok")

    assert (request(number).status, upstream_of_suzhou()) == ("done", BEIFANG)


def test_directly_under_the_brand_only_the_owner_and_the_brand_agree(database):
    number = ask(upstream=None, day=TODAY)
    assert request(number).status == "under_review"

    with freeze(NOON):
        act(LING, approve_affiliation, number)

    assert upstream_of_suzhou() is None


def test_nobody_answering_in_three_days_passes_it_to_the_brand_with_that_on_record(database):
    number = ask()

    on(NOON + timedelta(days=3))

    own = request(number)
    assert (own.status, own.owner_answer, own.upstream_answer) == ("under_review", "agreed", "no_answer")


def test_a_move_that_became_impossible_goes_back_to_the_brand_with_the_reason(database):
    number = answered()
    with freeze(NOON):
        act(LING, approve_affiliation, number)
        save(PARTNERS, LING, {"code": "BF", "status": "frozen"})

    on(NOON + timedelta(days=10))

    own = request(number)
    assert (own.status, upstream_of_suzhou()) == ("under_review", 1)
    assert own.problem is not None
    assert "北方总代" in own.problem


@pytest.mark.parametrize(
    ("actor", "arguments", "code"),
    [
        (OWNER, ("SZ", "HD", LATER), "affiliations.same_upstream"),
        (OWNER, ("SZ", "NOPE", LATER), "affiliations.upstream_not_found"),
        (OWNER, ("SZ", "SZ", LATER), "affiliations.below_itself"),
        (OWNER, ("SZ", "BF", date(2026, 11, 21)), "affiliations.day_passed"),
        (OWNER, ("BF", "HD", LATER), "partners.not_found"),
        (HUADONG_OWNER, ("HD", "BF", LATER), "partners.tier_not_allowed"),
        (SUZHOU_CLERK, ("SZ", "BF", LATER), "access.denied"),
        (BEIFANG_CLERK, ("SZ", "BF", LATER), "access.denied"),
    ],
)
def test_what_cannot_be_is_not_asked_for(database, actor, arguments, code):
    with freeze(NOON):
        refused(code, actor, ask_affiliation, *arguments)

    assert rows(AffiliationRequest) == 0


def test_one_change_at_a_time_and_it_can_be_taken_back(database):
    number = ask()
    with freeze(NOON):
        refused("affiliations.open_already", OWNER, ask_affiliation, "SZ", "BF", LATER)
    refused("affiliations.not_yours", WEI, withdraw_affiliation, number)

    act(OWNER, withdraw_affiliation, number)

    assert request(number).status == "withdrawn"
    assert request(ask()).status == "asked"


def test_who_asked_for_it_does_not_decide_it(database):
    number = ask(LING)
    with freeze(NOON):
        act(NEW, agree_to_affiliation, number)
        act(OWNER, agree_to_affiliation, number)

    refused("affiliations.own_request", LING, approve_affiliation, number)
    refused("access.denied", WEI, approve_affiliation, number)
    act(ADMIN, reject_affiliation, number, "不行")

    assert (request(number).status, upstream_of_suzhou()) == ("refused", 1)
    refused("affiliations.already_decided", ADMIN, approve_affiliation, number)


def test_those_concerned_see_a_request_and_others_do_not(database):
    number = ask()

    for actor, sees in ((OWNER, True), (NEW, True), (HUADONG_OWNER, True), (LING, True), (BEIFANG_CLERK, False)):
        with reading(actor) as session:
            assert (number in session.scalars(select(AffiliationRequest.number)).all()) is sees, actor.name


AT_ONCE = {
    "approve and reject": ((LING, approve_affiliation, ()), (ADMIN, reject_affiliation, ("no",))),
    "approve and withdraw": ((LING, approve_affiliation, ()), (OWNER, withdraw_affiliation, ())),
    "reject and withdraw": ((LING, reject_affiliation, ("no",)), (OWNER, withdraw_affiliation, ())),
}
ENDS = {  # what is approved may still be rejected or withdrawn before its day
    "approve and reject": {("refused", "rejected")},
    "approve and withdraw": {("withdrawn", "approved")},
    "reject and withdraw": {("refused", "rejected"), ("withdrawn", "approved")},
}
ONE_OF = {"affiliations.already_decided", "affiliations.wrong_status"}


@pytest.mark.parametrize("name", AT_ONCE)
def test_of_two_at_once_one_ends_it_and_the_other_is_told(database, name):
    for schedule in some_schedules(8 if database.dialect.name == "postgresql" else 3, seed=len(name)):
        number = ask(day=date(2099, 1, 1))
        act(NEW, agree_to_affiliation, number)
        ran = interleave(
            database,
            schedule,
            *[
                lambda actor=actor, step=step, rest=rest, number=number: act(actor, step, number, *rest)
                for actor, step, rest in AT_ONCE[name]
            ],
        )

        codes = {getattr(one.error, "code", repr(one.error)) for one in ran if one.error is not None}
        with reading(ADMIN) as session:
            last = decisions_about(session, "affiliation_requests", number)[-1]
            assert broken_invariants(session) == []
        assert codes <= ONE_OF, schedule
        assert (request(number).status, last.decision) in ENDS[name], schedule
        if request(number).status == "approved":
            act(OWNER, withdraw_affiliation, number)


def test_a_reason_with_a_control_character_or_too_long_is_refused_beside_its_field(database):
    for reason, code in (("pasted\x0bfrom Word", "text.illegal_character"), ("长" * 2001, "text.too_long")):
        error = refused(code, OWNER, ask_affiliation, "SZ", "BF", LATER, reason)

        assert list(error.fields) == ["reason"]
    assert rows(AffiliationRequest) == 0


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_a_reason_stored_before_reasons_were_checked_does_not_keep_the_list_from_being_exported(database, ending):
    ask()
    with unit_of_work(ADMIN) as session:
        session.execute(update(AffiliationRequest).values(reason="pasted\x0bfrom Word"))
    query = read_query(AFFILIATION_REQUESTS, ADMIN, [("fields", "number,reason")])
    fields = [AFFILIATION_REQUESTS.field(name) for name in query.fields]
    target = BytesIO()

    with reading(ADMIN) as session:
        found = [row for part in stream_rows(session, query) for row in part]
    count = write_rows(target, ending, AFFILIATION_REQUESTS, fields, iter(found))

    sheet = zipfile.ZipFile(target).read("xl/worksheets/sheet1.xml") if ending == "xlsx" else target.getvalue()
    assert count == 1
    assert "pasted\ufffdfrom Word" in sheet.decode()
