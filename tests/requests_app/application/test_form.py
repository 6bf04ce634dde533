"""The request form: saved on every change, whole steps without script, nothing lost (part 6)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from msa_portal.accounts.models import User
from requests_app.enums import RecordCheck, RequestType, Status
from requests_app.lifecycle import drafts
from requests_app.models import Agreement, MSARequest, RequestEvent
from requests_app.utility_records import comparison
from tests import factories
from tests.markup import laid_out

pytestmark = pytest.mark.django_db

WHERE = {
    "request_type": "install",
    "customer_name": "Alice Sample",
    "customer_phone": "626-555-0100",
    "account_number": "7001 2345 6789",
    "meter_number": "",
    "street": "12 Oak Avenue",
    "unit": "",
    "city": "Monrovia",
    "zip_code": "91016-1234",
    "service_class": "residential",
    "project_number": "",
}


def step_of(msa_request: MSARequest, step: str = "where") -> str:
    return reverse("requests:form", args=[msa_request.reference, step])


def autosave(client, msa_request: MSARequest, step: str = "where", shown: list[str] | None = None, **answers):
    msa_request.refresh_from_db()
    data = {"autosave": "1", "version": msa_request.version, "changed": list(answers), "shown": shown or [], **answers}
    return client.post(step_of(msa_request, step), data)


@pytest.fixture
def alice(client) -> User:
    user = factories.UserFactory(name="Alice Sample", email="alice@example.com")
    client.force_login(user)
    return user


def test_start_makes_one_draft_with_the_answers_of_the_eligibility_check(client, alice):
    device = factories.ProductFactory()
    session = client.session
    session["eligibility_answers"] = {
        "request_type": "install",
        "panel_rating_amps": 125,
        "has_solar": False,
        "device": device.pk,
        "service": "nonsense",
        "status": "withdrawn",
    }
    session.save()
    response = client.post(reverse("requests:new"))
    msa_request = MSARequest.objects.get()
    assert response.url == step_of(msa_request)
    assert (msa_request.owner, msa_request.customer_name, msa_request.customer_email) == (
        alice,
        alice.name,
        alice.email,
    )
    assert (msa_request.request_type, msa_request.panel_rating_amps, msa_request.has_solar) == ("install", 125, False)
    assert (msa_request.device, msa_request.service, msa_request.status) == (device, "", Status.UNSUBMITTED)
    assert "eligibility_answers" not in client.session


def test_start_by_a_companys_member_is_for_a_customer_or_for_themselves(client):
    company = factories.CompanyFactory()
    bob = factories.member_of(company)
    client.force_login(bob)
    assert client.post(reverse("requests:new")).status_code == 200
    client.post(reverse("requests:new"), {"whom": str(factories.CompanyFactory().pk)})
    assert MSARequest.objects.count() == 0
    client.post(reverse("requests:new"), {"whom": str(company.pk)})
    client.post(reverse("requests:new"), {"whom": "myself"})
    made = MSARequest.objects.order_by("pk").values_list("owner", "agent", "agent_company")
    assert list(made) == [(None, bob.pk, company.pk), (bob.pk, None, None)]


def test_whole_step_is_saved_as_people_write_and_goes_on(client, alice):
    msa_request = factories.draft(owner=alice)
    response = client.post(step_of(msa_request), WHERE | {"version": 1, "go": "next"})
    assert response.url == step_of(msa_request, "panel")
    msa_request.refresh_from_db()
    assert (msa_request.account_number, msa_request.zip_code, msa_request.version) == ("700123456789", "91016", 2)


def test_whole_step_with_a_bad_value_keeps_it_on_the_page_and_saves_the_others(client, alice):
    msa_request = factories.draft(owner=alice)
    response = client.post(step_of(msa_request), WHERE | {"version": 1, "zip_code": "9101x", "go": "next"})
    page = response.content.decode()
    assert response.status_code == 422
    assert 'value="9101x"' in page
    assert 'href="#id_zip_code"' in page
    assert f'name="version" value="{MSARequest.objects.get().version}"' in page
    msa_request.refresh_from_db()
    assert (msa_request.street, msa_request.zip_code) == ("12 Oak Avenue", "")


@pytest.mark.parametrize(("go", "leads_to"), [("back", ""), ("leave", "")])
def test_back_and_leave_save_too(client, alice, go, leads_to):
    msa_request = factories.draft(owner=alice)
    response = client.post(step_of(msa_request), WHERE | {"version": 1, "go": go})
    msa_request.refresh_from_db()
    assert response.url == msa_request.get_absolute_url()
    assert msa_request.city == "Monrovia"


def test_one_changed_field_is_saved_with_its_mark_and_nothing_else(client, alice):
    msa_request = factories.draft(owner=alice)
    answer = autosave(client, msa_request, city="Monrovia").json()
    msa_request.refresh_from_db()
    assert (msa_request.city, answer["version"], answer["errors"]) == ("Monrovia", 2, {"city": ""})
    assert answer["saved"].startswith("Saved at ")


def test_changed_field_with_a_bad_value_answers_at_the_field_and_saves_nothing(client, alice):
    msa_request = factories.draft(owner=alice)
    answer = autosave(client, msa_request, zip_code="abc").json()
    assert "Enter five digits" in answer["errors"]["zip_code"]
    msa_request.refresh_from_db()
    assert (msa_request.zip_code, msa_request.version) == ("", 1)


def test_findings_and_new_questions_come_with_the_answer(client, alice):
    msa_request = factories.complete_request(owner=alice, has_solar=False, has_storage=False, backfeed_amps=None)
    shown = ["existing_adapter", "device", "has_solar", "has_storage", "device_purchased"]
    shown += ["manufacturer_requirements_met"]
    answer = autosave(client, msa_request, "adapter", shown=shown, has_solar="True").json()
    assert 'data-field="backfeed_amps"' in answer["fields"]
    shown.insert(4, "backfeed_amps")
    answer = autosave(client, msa_request, "adapter", shown=shown, backfeed_amps="225 A").json()
    assert "rule E5" in answer["live"]
    assert "fields" not in answer


def test_posted_status_owner_and_fee_are_ignored(client, alice):
    """Fault 39."""
    mallory = factories.UserFactory()
    msa_request = factories.draft(owner=alice)
    forged = {"status": "installation_complete", "owner": mallory.pk, "fee": "0", "record_check": "matches"}
    client.post(step_of(msa_request), WHERE | forged | {"version": 1, "go": "next"})
    autosave(client, msa_request, **forged)
    msa_request.refresh_from_db()
    assert (msa_request.status, msa_request.owner, msa_request.record_check) == (
        Status.UNSUBMITTED,
        alice,
        RecordCheck.DIFFERS,
    )


def test_stale_version_is_refused_with_both_versions_shown(client, alice):
    """Fault 16."""
    msa_request = factories.draft(owner=alice)
    drafts.save_facts(msa_request, {"city": "Duarte"}, by=alice, version=1)
    response = client.post(step_of(msa_request), WHERE | {"version": 1, "go": "next"})
    page = laid_out(response.content.decode())
    assert response.status_code == 409
    assert "<td>Duarte</td><td>Monrovia</td>" in page
    assert 'name="version" value="2"' in page
    msa_request.refresh_from_db()
    assert (msa_request.city, msa_request.street) == ("Duarte", "")
    assert client.post(step_of(msa_request), WHERE | {"version": 2, "go": "next"}).status_code == 302
    msa_request.refresh_from_db()
    assert msa_request.city == "Monrovia"


def test_stale_autosave_is_refused_and_writes_nothing(client, alice):
    msa_request = factories.draft(owner=alice)
    drafts.save_facts(msa_request, {"city": "Duarte"}, by=alice, version=1)
    response = client.post(step_of(msa_request), {"autosave": "1", "version": 1, "changed": "city", "city": "Azusa"})
    assert (response.status_code, response.json()["code"]) == (409, "stale_version")
    msa_request.refresh_from_db()
    assert msa_request.city == "Duarte"


@pytest.mark.parametrize("version", ["", "x", "-1", "99999999999999999999"])
def test_version_that_makes_no_sense_counts_as_stale(client, alice, version):
    msa_request = factories.draft(owner=alice)
    assert client.post(step_of(msa_request), WHERE | {"version": version}).status_code == 409


def test_account_is_compared_once_its_three_facts_are_there_and_no_record_value_shows(client, alice):
    factories.ServiceAccountFactory(meter_number="SECRET-METER", street="99 Hidden Lane")
    msa_request = factories.draft(owner=alice)
    assert (
        "once number, name and ZIP code are there"
        in autosave(client, msa_request, account_number="700123456789").json()["live"]
    )
    live = autosave(client, msa_request, zip_code="91016").json()["live"]
    assert "Matches the utility&#x27;s record" in live
    live = autosave(client, msa_request, customer_name="Mallory").json()["live"]
    assert "Differs from the utility&#x27;s record" in live
    page = client.get(step_of(msa_request)).content.decode()
    assert "SECRET-METER" not in live + page
    assert "Hidden Lane" not in live + page


def test_throttled_comparison_says_so_and_the_form_goes_on(client, alice, monkeypatch):
    monkeypatch.setattr(comparison, "CHECKS_AN_HOUR_BY_USER", 1)
    msa_request = factories.draft(owner=alice)
    autosave(client, msa_request, account_number="100001")
    autosave(client, msa_request, zip_code="91016")
    live = autosave(client, msa_request, account_number="100002").json()["live"]
    assert "Too many different accounts" in live
    msa_request.refresh_from_db()
    assert (msa_request.account_number, msa_request.record_check) == ("100002", RecordCheck.NOT_YET)


def test_agents_own_address_is_refused_as_the_customers(client):
    company = factories.CompanyFactory()
    bob = factories.member_of(company, email="bob@bright.example")
    msa_request = factories.draft(company=company)
    client.force_login(bob)
    answer = autosave(client, msa_request, customer_email="BOB@bright.example").json()
    assert "somebody at your company" in answer["errors"]["customer_email"]
    autosave(client, msa_request, customer_email="carol@example.com")
    msa_request.refresh_from_db()
    assert msa_request.customer_email == "carol@example.com"


def test_email_is_not_asked_where_the_customer_has_the_account(client, alice):
    msa_request = factories.draft(owner=alice)
    autosave(client, msa_request, customer_email="other@example.com")
    msa_request.refresh_from_db()
    assert msa_request.customer_email == alice.email
    assert "id_customer_email" not in client.get(step_of(msa_request)).content.decode()


@pytest.mark.parametrize("name", ["Alice\r\nBcc: x@example.com", "Alice\nBcc: x", "Alice\u202e"])
def test_line_breaks_in_a_name_are_refused(client, alice, name):
    """Fault 50."""
    msa_request = factories.draft(owner=alice)
    answer = autosave(client, msa_request, customer_name=name).json()
    assert "one line only" in answer["errors"]["customer_name"]
    msa_request.refresh_from_db()
    assert msa_request.customer_name == alice.name


def test_script_and_template_syntax_are_inert_on_every_page(client, alice):
    """Fault 48."""
    evil = '<script>alert(1)</script>{{7*7}}"'
    factories.ProductFactory(manufacturer=evil, notes=evil)
    msa_request = factories.complete_request(
        owner=alice, customer_name=evil, street=evil, access_notes=evil, city=evil
    )
    pages = [step_of(msa_request, step) for step in ("where", "panel", "adapter", "site", "review")]
    for address in [*pages, msa_request.get_absolute_url(), reverse("requests:list")]:
        page = client.get(address).content.decode()
        assert "<script>alert" not in page, address
        assert "49" not in page.split("{{7*7}}", 1)[-1][:3], address


def test_maintenance_is_asked_for_by_telephone_first(client, alice):
    """R2, D16."""
    msa_request = factories.draft(owner=alice)
    answer = autosave(client, msa_request, shown=list(WHERE), request_type="maintenance").json()
    assert "800-600-6290" in answer["fields"]
    assert "id_street" not in answer["fields"]
    msa_request.refresh_from_db()
    posted = {"version": msa_request.version, "request_type": "maintenance"}
    assert client.post(step_of(msa_request), posted | {"go": "next"}).url == step_of(msa_request)
    assert client.post(step_of(msa_request), posted | {"anyway": "1"}).url == step_of(msa_request)
    page = client.get(step_of(msa_request)).content.decode()
    assert "800-600-6290" in page
    assert "id_street" in page


@pytest.mark.parametrize("request_type", [RequestType.REMOVAL, RequestType.MAINTENANCE])
def test_removal_and_maintenance_are_not_asked_for_panel_and_device(client, alice, request_type):
    """D11."""
    msa_request = factories.complete_request(owner=alice, request_type=request_type, existing_adapter="msa")
    assert client.get(step_of(msa_request, "panel")).status_code == 404
    page = client.get(step_of(msa_request, "adapter")).content.decode()
    assert "id_existing_adapter" in page
    assert "id_device" not in page
    assert "Continue to the agreement" in client.get(step_of(msa_request, "review")).content.decode()


def test_review_names_every_gap_with_its_link_and_why_it_cannot_go_on(client, alice):
    msa_request = factories.complete_request(owner=alice, panel_rating_amps=None)
    page = client.get(step_of(msa_request, "review")).content.decode()
    assert f"{step_of(msa_request, 'panel')}?then=review#field-panel_rating_amps" in page
    assert "The request form is not complete" in page
    assert 'disabled aria-describedby="why-not"' in page


def test_review_warns_of_what_would_fail_on_the_day(client, alice):
    """D18."""
    msa_request = factories.complete_request(owner=alice, device_in_waterproof_package=False)
    page = client.get(step_of(msa_request, "review")).content.decode()
    assert "Put these right first" in page
    assert "rule E13" in page
    assert "disabled" not in page


def test_review_of_what_is_ruled_out_says_so_and_makes_no_agreement(client, alice):
    factories.AgreementWordingFactory()
    msa_request = factories.complete_request(owner=alice, panel_rating_amps=400)
    page = client.get(step_of(msa_request, "review")).content.decode()
    assert "cannot be served as it is" in page
    client.post(step_of(msa_request, "review"))
    assert Agreement.objects.count() == 0


def test_steps_skipped_are_refused(client, alice):
    """Fault 46: no agreement for an incomplete form, however it is asked for."""
    factories.AgreementWordingFactory()
    msa_request = factories.draft(owner=alice)
    response = client.post(step_of(msa_request, "review"), follow=True)
    assert "The request form is not complete" in response.content.decode()
    assert Agreement.objects.count() == 0


def test_get_changes_nothing(client, alice):
    """Fault 40."""
    msa_request = factories.complete_request(owner=alice)
    before = json.dumps(list(MSARequest.objects.values()), default=str), RequestEvent.objects.count()
    for address in [
        *(step_of(msa_request, step) for step in ("where", "panel", "adapter", "site", "review")),
        reverse("requests:new"),
        reverse("requests:list"),
        msa_request.get_absolute_url(),
        reverse("requests:revoke_agent", args=[msa_request.reference]),
    ]:
        client.get(address)
    assert (json.dumps(list(MSARequest.objects.values()), default=str), RequestEvent.objects.count()) == before


def test_answers_stand_still_while_a_payment_is_open(client, alice):
    """D15."""
    msa_request = factories.executed(factories.complete_request(owner=alice))
    MSARequest.objects.filter(pk=msa_request.pk).update(frozen_until=timezone.now() + timedelta(minutes=30))
    page = client.get(step_of(msa_request)).content.decode()
    assert "A payment is open" in page
    assert "id_street" not in page
    response = autosave(client, msa_request, street="1 Elm Street")
    assert (response.status_code, response.json()["code"]) == (409, "payment_open")
    msa_request.refresh_from_db()
    assert msa_request.street == "12 Oak Avenue"


def test_changed_covered_fact_replaces_the_agreement(client, alice):
    """A3."""
    msa_request = factories.executed(factories.complete_request(owner=alice))
    autosave(client, msa_request, street="1 Elm Street")
    assert Agreement.objects.get().state == "superseded"


def test_form_is_found_by_those_who_act_for_it_alone(client, alice):
    msa_request = factories.complete_request(owner=alice)
    for stranger in (factories.UserFactory(), factories.member_of(factories.CompanyFactory()), factories.staff()):
        client.force_login(stranger)
        assert client.get(step_of(msa_request)).status_code == 404
        assert client.post(step_of(msa_request), WHERE | {"version": msa_request.version}).status_code == 404
    client.logout()
    assert client.get(step_of(msa_request)).status_code == 302
    msa_request.refresh_from_db()
    assert msa_request.version == 2


def test_device_choices_are_those_approved_today_and_the_one_that_was_chosen(client, alice):
    gone = factories.ProductFactory(model="Gone", approved_until=timezone.localdate() - timedelta(days=1))
    never = factories.ProductFactory(model="Never", approved_from=None)
    msa_request = factories.complete_request(owner=alice, device=gone)
    page = client.get(step_of(msa_request, "adapter")).content.decode()
    assert "Acme Gone" in page
    assert "not approved today" in page
    assert "Acme Never" not in page
    assert "Choose a device" in autosave(client, msa_request, "adapter", device=never.pk).json()["errors"]["device"]


def test_pages_of_the_form_need_as_many_queries_however_many_requests_there_are(
    client, alice, django_assert_max_num_queries
):
    msa_request = factories.complete_request(owner=alice)
    for _ in range(3):
        factories.draft(owner=alice)
    with django_assert_max_num_queries(14):
        client.get(step_of(msa_request, "adapter"))
