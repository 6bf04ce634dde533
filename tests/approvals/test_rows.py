"""Published words, fees and figures change by two people, from a day on (D23)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from msa_portal.accounts.models import User
from msa_portal.accounts.roles import Role
from msa_portal.approvals import services
from msa_portal.approvals.models import Proposal
from msa_portal.business_days.calendar import local_day
from msa_portal.errors import Refused
from payments import schedule_guard
from payments.models import Fee, FeeSchedule
from requests_app.agreements import versions
from requests_app.models import AgreementWording, OutcomeReason, ProgramSettings, ServiceAccount
from requests_app.rule_changes import wordings
from tests import factories, schedules

pytestmark = pytest.mark.django_db


@pytest.fixture
def sue() -> User:
    return factories.supervisor()


@pytest.fixture
def sol() -> User:
    return factories.UserFactory(name="Sol", roles=[Role.SUPERVISOR])


def desk(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def today() -> date:
    return local_day(timezone.now())


def code_of(act: Any) -> str:
    with pytest.raises(Refused) as refusal:
        act()
    return refusal.value.code


def reworded(user: User, on: date) -> Proposal:
    reason = OutcomeReason.objects.get(code="weather")
    desk(user).post(
        f"/admin/requests_app/outcomereason/{reason.pk}/change/",
        {
            "title": "Bad weather",
            "explanation": reason.explanation,
            "rule": reason.rule,
            "responsible": "utility",
            "proof": reason.proof,
            "photo_topic": reason.photo_topic,
            "position": reason.position,
            "is_active": "on",
            "effective_on": on,
        },
    )
    return Proposal.objects.get()


def title() -> str:
    return OutcomeReason.objects.get(code="weather").title


def test_canned_reason_is_published_by_the_second_person(sue, sol):
    proposal = reworded(sue, today())
    assert title() == "Weather"
    services.approve(proposal, by=sol)
    assert title() == "Bad weather"
    newest = OutcomeReason.objects.get(code="weather").history.first()
    assert newest.history_user == sol


def test_it_takes_effect_on_its_day_and_can_be_stopped_until_then(sue, sol):
    services.approve(reworded(sue, today() + timedelta(days=3)), by=sol)
    services.run_due()
    assert title() == "Weather"
    assert code_of(lambda: services.approve(Proposal.objects.get(), by=sol)) == "stale"
    Proposal.objects.update(effective_on=today())
    services.run_due()
    services.run_due()
    assert title() == "Bad weather"
    assert code_of(lambda: services.decline(Proposal.objects.get(), by=sue)) == "stale"


def test_one_person_stops_what_waits_for_its_day(sue, sol):
    services.approve(reworded(sue, today() + timedelta(days=3)), by=sol)
    services.decline(Proposal.objects.get(), by=sue)
    Proposal.objects.update(effective_on=today())
    services.run_due()
    assert title() == "Weather"


def test_what_changed_since_it_was_proposed_is_not_approved(sue, sol):
    proposal = reworded(sue, today())
    OutcomeReason.objects.filter(code="weather").update(title="Storm")
    assert code_of(lambda: services.approve(proposal, by=sol)) == "stale"
    assert title() == "Storm"


def test_day_that_is_over_is_refused_at_the_field(sue):
    reason = OutcomeReason.objects.get(code="weather")
    answer = desk(sue).post(
        f"/admin/requests_app/outcomereason/{reason.pk}/change/",
        {"title": "x", "responsible": "utility", "proof": "photo", "position": 1, "effective_on": "2020-01-01"},
    )
    assert list(answer.context["adminform"].form.errors) == ["effective_on"]


def test_raising_the_limit_takes_two_people(sue, sol):
    data = {
        field.name: getattr(ProgramSettings.current(), field.name) if field.name != "auto_issue_days" else ""
        for field in ProgramSettings._meta.fields
        if field.editable and not field.primary_key
    }
    data["second_fee_when_customer_responsible"] = "on"
    desk(sue).post("/admin/requests_app/programsettings/1/change/", data | {"refund_alone_up_to_cents": 9_999_999})
    assert ProgramSettings.current().refund_alone_up_to_cents == 5000
    services.approve(Proposal.objects.get(), by=sol)
    assert ProgramSettings.current().refund_alone_up_to_cents == 9_999_999


# --- Fees -----------------------------------------------------------------------------------------


def priced(user: User, on: date, cents: int = 30000) -> Any:
    data = {"request_type": "install", "amount_cents": cents, "effective_from": on}
    return desk(user).post("/admin/payments/feeschedule/add/", data)


def in_force(on: date) -> int | None:
    schedule = FeeSchedule.objects.in_force("install", on)
    return schedule.amount_cents if schedule else None


def test_fee_follows_from_its_day_by_two_people(sue, sol):
    day = today() + timedelta(days=30)
    priced(sue, day)
    assert in_force(day) == 27922
    services.approve(Proposal.objects.get(), by=sol)
    assert [in_force(on) for on in (day - timedelta(days=1), day)] == [27922, 30000]


def test_schedule_of_nothing_ends_the_fee(sue, sol):
    day = today() + timedelta(days=30)
    priced(sue, day, cents=0)
    services.approve(Proposal.objects.get(), by=sol)
    assert in_force(day) is None
    assert "install" not in FeeSchedule.objects.by_type(day)


def test_fee_of_the_past_is_neither_proposed_nor_approved(sue, sol):
    answer = priced(sue, today() - timedelta(days=1))
    assert list(answer.context["adminform"].form.errors) == ["effective_from"]
    priced(sue, today())
    proposal = Proposal.objects.get()
    proposal.payload["values"]["effective_from"] = "2026-01-01"
    proposal.save()
    assert code_of(lambda: services.approve(proposal, by=sol)) == "past"


def test_schedule_is_neither_edited_nor_deleted_on_the_desk():
    root = factories.UserFactory(is_staff=True, is_superuser=True)
    schedule = FeeSchedule.objects.filter(request_type="install").get()
    page = f"/admin/payments/feeschedule/{schedule.pk}"
    assert desk(root).post(f"{page}/change/", {"amount_cents": 1}).status_code == 403
    assert desk(root).post(f"{page}/delete/", {"post": "yes"}).status_code == 403


WRITES = [
    ("UPDATE payments_feeschedule SET amount_cents = 1", "never changed"),
    ("DELETE FROM payments_feeschedule", "never deleted"),
]


def run(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.both_databases
@pytest.mark.parametrize(("sql", "words"), WRITES)
def test_database_keeps_a_schedule_that_is_in_force(sql, words):
    with pytest.raises(DatabaseError, match=words):
        run(sql)
    with schedules.unguarded():
        run(sql)


@pytest.mark.both_databases
@pytest.mark.parametrize(("sql", "words"), WRITES)
def test_database_keeps_a_schedule_that_was_used_and_not_one_of_the_future(sql, words):
    schedules.delete()
    later = FeeSchedule.objects.create(request_type="install", amount_cents=30000, effective_from=date(2099, 1, 1))
    run(WRITES[0][0])
    visit = factories.draft(owner=factories.UserFactory()).rounds.get()
    Fee.objects.create(round=visit, schedule=later, amount_cents=1, quoted_on=today(), quote_holds_until=today())
    with pytest.raises(DatabaseError, match=words):
        run(sql)


def test_guard_is_put_back_after_a_migration():
    with schedules.unguarded():
        schedule_guard.keep(connection.alias)
        with pytest.raises(DatabaseError, match="never changed"):
            run(WRITES[0][0])


# --- Wordings -------------------------------------------------------------------------------------


@pytest.fixture
def draft() -> AgreementWording:
    factories.AgreementWordingFactory()
    return AgreementWording.objects.create(
        version="2027-1",
        customer_terms="a",
        authorization="b",
        submittal="c",
        consent="d",
        is_sample=False,
        effective_on=today() + timedelta(days=10),
    )


def test_wording_is_in_force_from_its_day_by_two_people(draft, sue, sol):
    before = versions.wording_in_force()
    proposal = wordings.propose(draft, by=sue)
    assert code_of(lambda: services.approve(proposal, by=sue)) == "own_proposal"
    services.approve(proposal, by=sol)
    draft.refresh_from_db()
    assert (draft.published_by, versions.wording_in_force()) == (sol, before)
    AgreementWording.objects.filter(pk=draft.pk).update(effective_on=today())
    assert versions.wording_in_force() == draft


def test_wording_is_approved_as_it_was_proposed(draft, sue, sol):
    proposal = wordings.propose(draft, by=sue)
    AgreementWording.objects.filter(pk=draft.pk).update(authorization="They may do anything.")
    assert code_of(lambda: services.approve(proposal, by=sol)) == "stale"
    draft.refresh_from_db()
    assert draft.published_at is None


@pytest.mark.parametrize(("day", "code"), [(None, "no_day"), (date(2026, 1, 1), "past")])
def test_wording_needs_a_day_to_come(draft, sue, day, code):
    draft.effective_on = day
    draft.save()
    assert code_of(lambda: wordings.propose(draft, by=sue)) == code


# --- The utility's record ---------------------------------------------------------------------------


RECORD = {"name": "Changed", "street": "1 Oak", "city": "Monrovia", "zip_code": "91016", "account_number": "7001"}
RECORD |= {"service_class": "residential", "meter_kind": "self_contained"}


@pytest.mark.parametrize(
    ("roles", "status", "name"),
    [
        ([Role.RECORD_KEEPER], 302, "Changed"),
        ([Role.PROGRAM_STAFF], 403, "A"),
        ([Role.SUPERVISOR], 403, "A"),
        ([Role.RECORD_KEEPER, Role.PROGRAM_STAFF], 403, "A"),
    ],
)
def test_record_is_written_by_people_who_do_not_screen(roles, status, name):
    row = ServiceAccount.objects.create(
        account_number="7001", name="A", street="1 Oak", city="Monrovia", zip_code="91016"
    )
    client = desk(factories.UserFactory(roles=roles))
    assert client.get(f"/admin/requests_app/serviceaccount/{row.pk}/change/").status_code == 200
    assert client.post(f"/admin/requests_app/serviceaccount/{row.pk}/change/", RECORD).status_code == status
    row.refresh_from_db()
    assert row.name == name


def test_record_keeper_sees_no_request():
    user = factories.UserFactory(roles=[Role.RECORD_KEEPER])
    assert (user.is_staff, user.sees_all_requests) == (True, False)
    assert desk(user).get("/admin/requests_app/msarequest/").status_code == 403
