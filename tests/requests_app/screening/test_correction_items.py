"""Items of a correction: proposed, answered in every way, judged; none is open on a valid request."""

from __future__ import annotations

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse
from PIL import Image

from msa_portal.errors import Refused, Stale
from requests_app.application import inapplicable_answers
from requests_app.enums import CheckCode, CorrectionKind, Status
from requests_app.lifecycle import correction_items, policies, transitions
from requests_app.models import CorrectionReason, MSARequest
from requests_app.screening import corrections
from requests_app.screening import desk as screening_desk
from tests import factories
from tests.markup import laid_out

pytestmark = pytest.mark.django_db

ALL_YES = {code.value: ("yes", "") for code in CheckCode}


def photo():
    out = io.BytesIO()
    Image.new("RGB", (20, 20), "navy").save(out, "JPEG")
    return SimpleUploadedFile("label.jpg", out.getvalue(), "image/jpeg")


def sent_back(*items, **facts):
    msa_request = factories.submitted(**facts)
    transitions.require_corrections(msa_request, by=factories.staff(), items=items)
    return factories.refreshed(msa_request)


def proposed(value="700123456780"):
    return sent_back(correction_items.RequiredCorrection(factories.CorrectionReasonFactory(), proposal=value))


def page_of(msa_request):
    return reverse("requests:corrections", args=[msa_request.reference])


def desk(name, msa_request):
    return reverse(f"admin:requests_app_msarequest_{name}", args=[msa_request.pk])


def decide(client, name, msa_request, data):
    """On the page as it is now."""
    return client.post(desk(name, msa_request), factories.seen(msa_request) | data)


def answered(msa_request, text="It is on the bill."):
    item = msa_request.corrections.get()
    corrections.answer(item, by=factories.actor_of(msa_request), way="right", text=text)
    transitions.resubmit(msa_request, by=factories.actor_of(msa_request))
    return factories.refreshed(msa_request), item


# The customer's page


def test_proposal_is_taken_over_in_one_tap(client):
    msa_request = proposed()
    client.force_login(msa_request.owner)
    item = msa_request.corrections.get()
    page = client.get(page_of(msa_request)).content.decode()
    assert "700123456780" in page
    assert "Use this" in page
    client.post(page_of(msa_request), {"correction": item.pk, "way": "proposal", "version": msa_request.version})
    item.refresh_from_db()
    assert (factories.refreshed(msa_request).account_number, item.way, item.value_then) == (
        "700123456780",
        "proposal",
        "700123456789",
    )
    assert msa_request.agreements.get().state == "superseded"  # a covered fact changed


def test_agent_takes_a_proposed_device_over():
    msa_request = factories.submitted(factories.complete_request(company=factories.CompanyFactory()))
    device = factories.ProductFactory()
    reason = factories.CorrectionReasonFactory(code="device-not-approved", field="device")
    items = [correction_items.RequiredCorrection(reason, proposal=device.pk)]
    transitions.require_corrections(msa_request, by=factories.staff(), items=items)
    item = msa_request.corrections.get()
    assert correction_items.proposal_in_words(item) == str(device)
    corrections.use_proposal(item, by=msa_request.agent, version=msa_request.version)
    assert factories.refreshed(msa_request).device == device


def test_proposal_that_is_not_there_is_refused():
    msa_request = sent_back(correction_items.RequiredCorrection(factories.CorrectionReasonFactory()))
    with pytest.raises(Refused, match="Nothing is proposed"):
        corrections.use_proposal(msa_request.corrections.get(), by=msa_request.owner, version=msa_request.version)


def test_fact_is_right_needs_an_explanation(client):
    msa_request = proposed()
    client.force_login(msa_request.owner)
    item = msa_request.corrections.get()
    data = {"correction": item.pk, "way": "right", f"r{item.pk}-answer": ""}
    assert client.post(page_of(msa_request), data).status_code == 422
    client.post(page_of(msa_request), data | {f"r{item.pk}-answer": "I read it from the bill."})
    item.refresh_from_db()
    assert (item.way, item.answer, factories.refreshed(msa_request).account_number) == (
        "right",
        "I read it from the bill.",
        "700123456789",
    )


def test_document_is_answered_with_a_new_photo(client):
    reason = CorrectionReason.objects.get(code="photo-panel-label")
    msa_request = sent_back(correction_items.RequiredCorrection(reason, "Too dark."))
    client.force_login(msa_request.owner)
    item = msa_request.corrections.get()
    assert "Too dark." in client.get(page_of(msa_request)).content.decode()
    data = {"correction": item.pk, "way": "file"}
    assert client.post(page_of(msa_request), data).status_code == 422
    bad = SimpleUploadedFile("label.jpg", b"MZ" + b"\0" * 200, "image/jpeg")
    assert client.post(page_of(msa_request), data | {f"f{item.pk}-file": bad}).status_code == 422
    client.post(page_of(msa_request), data | {f"f{item.pk}-file": photo()})
    item.refresh_from_db()
    assert (item.way, item.answer_document.kind, item.answer_document.topic) == (
        "document",
        "site_photo",
        "panel_label",
    )


def test_what_is_typed_is_kept_and_not_yet_the_answer(client):
    msa_request = proposed()
    client.force_login(msa_request.owner)
    item = msa_request.corrections.get()
    name = f"c{item.pk}-account_number"
    kept = client.post(page_of(msa_request), {"correction": item.pk, "autosave": "1", name: "7001", "c999-city": "x"})
    item.refresh_from_db()
    assert (kept.status_code, item.draft, item.answered_at) == (200, {name: "7001"}, None)
    assert factories.refreshed(msa_request).account_number == "700123456789"
    assert 'value="7001"' in client.get(page_of(msa_request)).content.decode()


def test_cannot_be_served_leads_to_the_withdrawal_with_its_reason(client):
    """D14."""
    reason = factories.CorrectionReasonFactory(
        code="over-200", field="panel_rating_amps", kind=CorrectionKind.CANNOT_BE_SERVED
    )
    msa_request = sent_back(correction_items.RequiredCorrection(reason))
    client.force_login(msa_request.owner)
    address = reverse("requests:withdraw", args=[msa_request.reference]) + "?reason=cannot_be_served"
    assert address in client.get(page_of(msa_request)).content.decode()
    page = client.get(address)
    assert page.context["form"]["reason"].value() == "cannot_be_served"
    assert "$279.22" not in page.content.decode() or "comes back" in page.content.decode()


# Staff judge


def test_request_with_an_open_item_is_not_valid():
    msa_request, item = answered(proposed())
    person = factories.staff()
    screening_desk.answer_checks(msa_request, ALL_YES, by=person)
    with pytest.raises(Refused, match="A correction is still open"):
        transitions.deem_valid(msa_request, by=person)
    corrections.accept(item, by=person)
    transitions.deem_valid(msa_request, by=person)
    item.refresh_from_db()
    assert (item.closed_as, item.closed_by, msa_request.status) == ("accepted", person, Status.PENDING_SERVICE_ORDER)


@pytest.mark.both_databases
def test_without_the_doors_guard_the_database_refuses_it(monkeypatch):
    msa_request, _item = answered(proposed())
    screening_desk.answer_checks(msa_request, ALL_YES, by=factories.staff())
    monkeypatch.setattr(policies, "check_deem_valid", lambda _request: None)
    with pytest.raises(IntegrityError), transaction.atomic():
        transitions.deem_valid(msa_request, by=factories.staff())
    assert factories.refreshed(msa_request).status == Status.REQUEST_SUBMITTED


def test_item_kept_open_goes_back_with_its_new_note():
    msa_request, item = answered(proposed())
    person = factories.staff()
    with pytest.raises(Refused, match="Say in a note"):
        corrections.keep_open(item, by=person, note=" ")
    for note in ("x" * 1001, "\0"):
        with pytest.raises(Refused, match="at most 1000 characters"):
            corrections.keep_open(item, by=person, note=note)
    corrections.keep_open(item, by=person, note="Send a photo of the bill.")
    again = msa_request.corrections.get(follows=item)
    assert factories.refreshed(msa_request).open_corrections == 1
    transitions.require_corrections(msa_request, by=person, items=[])
    item.refresh_from_db()
    assert (item.closed_as, again.follows, again.field, list(msa_request.corrections.unanswered())) == (
        "kept_open",
        item,
        "account_number",
        [again],
    )


def test_item_kept_open_by_mistake_is_accepted_after_all(client):
    msa_request, item = answered(proposed())
    person = factories.staff()
    corrections.keep_open(item, by=person, note="Send a photo of the bill.")
    again = msa_request.corrections.get(follows=item)
    client.force_login(person)
    assert "Accept after all" in client.get(desk("change", msa_request)).content.decode()
    with pytest.raises(Stale):
        corrections.keep_open(again, by=person, note="Once more.")
    decide(client, "accept_item", msa_request, {"item": again.pk})
    assert factories.refreshed(msa_request).open_corrections == 0


def test_same_item_again_replaces_the_older_one():
    msa_request, item = answered(proposed())
    again = [correction_items.RequiredCorrection(item.reason, "Look again.")]
    transitions.require_corrections(msa_request, by=factories.staff(), items=again)
    item.refresh_from_db()
    assert (item.closed_as, factories.refreshed(msa_request).open_corrections) == ("replaced", 1)


def test_only_screeners_judge_and_only_what_is_answered():
    msa_request = proposed()
    item = msa_request.corrections.get()
    with pytest.raises(Stale):
        corrections.accept(item, by=factories.staff())
    msa_request, item = answered(msa_request)
    for person in (msa_request.owner, factories.dispatcher(), factories.technician()):
        with pytest.raises(Refused, match="Only program staff"):
            corrections.accept(item, by=person)
        with pytest.raises(Refused, match="Only program staff"):
            corrections.keep_open(item, by=person, note="mine")
    assert factories.refreshed(msa_request).open_corrections == 1


def test_withdrawal_closes_what_is_open():
    msa_request = proposed()
    transitions.withdraw(msa_request, by=msa_request.owner, reason="cannot_be_served")
    assert msa_request.corrections.get().closed_as == "withdrawn"
    assert factories.refreshed(msa_request).open_corrections == 0


# The desk


def test_desk_shows_what_changed_since_and_nothing_else(client):
    msa_request = proposed()
    corrections.use_proposal(msa_request.corrections.get(), by=msa_request.owner, version=msa_request.version)
    factories.executed(factories.refreshed(msa_request))
    transitions.resubmit(factories.refreshed(msa_request), by=msa_request.owner)
    client.force_login(factories.staff())
    answer = client.get(desk("change", msa_request))
    changed = [(fact.label, fact.then, fact.now) for fact in answer.context["changes"].facts]
    assert changed == [("service account number", "700123456789", "700123456780")]
    assert [document.kind for document in answer.context["changes"].documents] == ["agreement"]
    page = answer.content.decode()
    for words in ("what changed since", "700123456789", "700123456780", "Accept", "See the whole request"):
        assert words in page
    for other in ("Panel rating", "Utility&#x27;s record", "Save and deem valid"):
        assert other not in page
    assert "Save and deem valid" in client.get(desk("change", msa_request) + "?all=1").content.decode()
    decide(client, "accept_item", msa_request, {"item": msa_request.corrections.get().pk})
    assert "Save and deem valid" in client.get(desk("change", msa_request)).content.decode()


def test_desk_keeps_an_item_open_and_sends_it_back(client):
    msa_request, item = answered(proposed())
    client.force_login(factories.staff())
    assert decide(client, "keep_item_open", msa_request, {"item": item.pk, "note": ""}).status_code == 409
    decide(client, "keep_item_open", msa_request, {"item": item.pk, "note": "Not readable."})
    assert "Not readable." in client.get(desk("change", msa_request)).content.decode()
    decide(client, "corrections", msa_request, {})
    assert factories.refreshed(msa_request).status == Status.CORRECTIONS_REQUIRED


def test_difference_becomes_an_item_without_the_records_value(client):
    factories.ServiceAccountFactory(name="Alicia Simple")
    msa_request = factories.submitted()
    reason = CorrectionReason.objects.get(code="name-differs")
    client.force_login(factories.staff())
    page = laid_out(client.get(desk("change", msa_request)).content.decode())
    assert f'for="id_reason_{reason.pk}">Make it an item' in page
    decide(client, "corrections", msa_request, {f"reason_{reason.pk}": "on"})
    assert msa_request.corrections.get().proposal is None
    client.force_login(msa_request.owner)
    assert "Alicia Simple" not in client.get(page_of(msa_request)).content.decode()


def test_records_value_is_proposed_when_staff_say_so(client):
    factories.ServiceAccountFactory(name="Alicia Simple")
    msa_request = factories.submitted()
    reason = CorrectionReason.objects.get(code="name-differs")
    client.force_login(factories.staff())
    decide(client, "corrections", msa_request, {f"reason_{reason.pk}": "on", f"record_{reason.pk}": "on"})
    assert msa_request.corrections.get().proposal == "Alicia Simple"


@pytest.mark.parametrize(
    ("code", "typed", "stored"),
    [
        ("over-200-amps", "200 A", 200),
        ("account-number-differs", "7001 2345", "70012345"),
        ("package-missing", "True", True),
        ("not-residential", "residential", "residential"),
    ],
)
def test_proposal_is_read_as_on_the_form(client, code, typed, stored):
    msa_request = factories.submitted()
    reason = CorrectionReason.objects.get(code=code)
    client.force_login(factories.staff())
    decide(client, "corrections", msa_request, {f"reason_{reason.pk}": "on", f"proposal_{reason.pk}": typed})
    assert msa_request.corrections.get().proposal == stored


def test_proposal_that_the_form_would_not_take_is_refused(client):
    msa_request = factories.submitted()
    reason = CorrectionReason.objects.get(code="over-200-amps")
    client.force_login(factories.staff())
    data = {f"reason_{reason.pk}": "on", f"proposal_{reason.pk}": "many"}
    page = decide(client, "corrections", msa_request, data)
    assert page.status_code == 409
    assert "Enter a whole number of amps" in page.content.decode()
    assert factories.refreshed(msa_request).status == Status.REQUEST_SUBMITTED


# Answers that are not asked for any more


def test_answers_of_a_type_that_was_switched_away_are_dropped():
    msa_request = factories.complete_request()
    MSARequest.objects.filter(pk=msa_request.pk).update(request_type="removal", existing_adapter="msa")
    msa_request = factories.executed(factories.refreshed(msa_request))
    assert (msa_request.device, msa_request.panel_rating_amps, msa_request.meter_kind, msa_request.has_solar) == (
        None,
        None,
        "",
        None,
    )
    assert (msa_request.customer_email, msa_request.clear_meter_access) == (msa_request.owner.email, True)


def test_nothing_is_dropped_where_every_answer_applies():
    msa_request = factories.complete_request()
    assert inapplicable_answers.clear_inapplicable_answers(factories.refreshed(msa_request)) == []
