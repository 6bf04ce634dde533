"""The readiness check, the question about the panel and the statement, as people meet them."""

from __future__ import annotations

import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from fieldwork.models import SiteVisit, Technician
from fieldwork.visits import orders
from msa_portal.business_days import calendar
from requests_app.enums import DocumentKind, PhotoTopic, Status
from requests_app.files import site_photos, storage
from requests_app.lifecycle import readiness_statements
from requests_app.models import MSARequest, PanelModelAnswer, ReadinessStatement
from requests_app.readiness import readiness
from tests import factories
from tests.markup import laid_out
from tests.requests_app.readiness.pictures import upload

pytestmark = pytest.mark.django_db

NEAR, LISTED = "MBED2O40B200BF", "MBED2040B200BF"
MOST_QUERIES = 6


def page_of(msa_request: MSARequest) -> str:
    return reverse("requests:readiness", args=[msa_request.reference])


def step_of(msa_request: MSARequest, step: str) -> str:
    return reverse("requests:form", args=[msa_request.reference, step])


@pytest.fixture
def alice(client):
    user = factories.UserFactory(name="Alice Sample", email="alice@example.com")
    client.force_login(user)
    return user


def text(answer) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def worst(owner=None, **more) -> MSARequest:
    """Findings of each kind, a photo and a statement."""
    facts = {"device_in_waterproof_package": False, "clear_meter_access": False, "panel_model": NEAR, **more}
    msa_request = factories.complete_request(owner=owner, **facts)
    covered = {item.key for item in readiness.check(msa_request).promisable}
    readiness_statements.state_findings(msa_request, by=factories.actor_of(msa_request), covers=covered)
    return msa_request


def test_check_is_one_request_with_few_queries(client, alice):
    msa_request = worst(alice)
    site_photos.add(msa_request, upload(), topic=PhotoTopic.PACKAGE, by=alice)
    client.get(page_of(msa_request))
    for accept in ("application/json", "text/html"):
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(page_of(msa_request), headers={"accept": accept})
        assert answer.status_code == 200
        assert len(queries) <= MOST_QUERIES, [query["sql"] for query in queries]


def test_check_of_an_agent_takes_as_few_queries_where_the_device_asks_for_documents(client):
    company = factories.CompanyFactory()
    agent = factories.member_of(company)
    device = factories.ProductFactory(required_documents=["Wiring diagram", "Warranty card"])
    msa_request = factories.complete_request(company=company, clear_meter_access=False, device=device)
    storage.store(
        msa_request,
        DocumentKind.PRODUCT_DOCUMENT,
        name="a.pdf",
        body=b"%PDF",
        by=agent,
        topic=next(iter(device.documents_by_key)),
    )
    client.force_login(agent)
    client.get(page_of(msa_request))
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(page_of(msa_request), headers={"accept": "application/json"}).json()
    assert [item["message"] for item in answer["findings"] if item["rule"] == "R5"] == [
        "This device asks for documents that are not here yet: Warranty card."
    ]
    assert len(queries) <= MOST_QUERIES, [query["sql"] for query in queries]


def test_json_names_each_finding_with_its_rule_and_place(client, alice):
    msa_request = factories.complete_request(owner=alice, clear_meter_access=False, panel_model=NEAR)
    answer = json.loads(client.get(page_of(msa_request), headers={"accept": "application/json"}).content)
    assert (answer["answer"], answer["statement"], answer["statement_needed"]) == ("fix_first", None, True)
    question, access = answer["findings"]
    assert (question["rule"], question["kind"], question["suggestion"]) == ("E8", "question", LISTED)
    assert access == {
        "rule": "E17",
        "kind": "put_right",
        "field": "clear_meter_access",
        "step": "site",
        "url": f"{step_of(msa_request, 'site')}#field-clear_meter_access",
        "message": "The meter technician needs a clear, safe way to the meter.",
        "todo": "Clear the way, unlock the gate and keep pets inside on the day. Nobody has to be at home.",
        "suggestion": None,
        "photos": ["meter_socket"],
    }


@pytest.mark.parametrize(
    ("facts", "answer"),
    [
        ({}, "Ready"),
        ({"clear_meter_access": False}, "Put these right first"),
        ({"panel_rating_amps": 400}, "This site or device cannot be served as it is"),
    ],
)
@pytest.mark.parametrize("place", ["page", "review"])
def test_form_ends_in_one_of_three_answers(client, alice, place, facts, answer):
    request = factories.complete_request(owner=alice, **facts)
    page = laid_out(text(client.get(page_of(request) if place == "page" else step_of(request, "review"))))
    assert f'<h2 id="readiness-title">{answer}</h2>' in page


def test_statement_is_made_on_the_review_and_shown_there(client, alice):
    msa_request = factories.complete_request(owner=alice, clear_meter_access=False)
    page = text(client.get(step_of(msa_request, "review")))
    assert 'name="covers" value="E17:clear_meter_access"' in page
    unticked = {"from": "review", "covers": ["E17:clear_meter_access"]}
    assert "Tick the box" in text(client.post(page_of(msa_request), unticked, follow=True))
    assert ReadinessStatement.objects.count() == 0
    answer = client.post(page_of(msa_request), unticked | {"stated": "1"})
    assert answer.url == step_of(msa_request, "review")
    page = text(client.get(answer.url))
    assert "Promised for the visit" in page
    assert "I will see to it that each of these is put right" in page
    assert 'name="covers"' not in page


def test_staff_see_the_check_and_can_say_nothing(client):
    msa_request = factories.complete_request(clear_meter_access=False)
    client.force_login(factories.staff())
    assert 'name="stated"' not in text(client.get(page_of(msa_request)))
    client.post(page_of(msa_request), {"stated": "1", "covers": ["E17:clear_meter_access"]})
    assert ReadinessStatement.objects.count() == 0


def test_fee_page_says_what_is_open_and_leads_there(client, alice):
    msa_request = factories.executed(factories.complete_request(owner=alice, clear_meter_access=False))
    page = text(client.get(reverse("payments:fee", args=[msa_request.reference])))
    assert "Put these right first" in page
    assert "clear, safe way to the meter. (E17)" in page
    assert f'href="{page_of(msa_request)}"' in page
    answer = client.post(reverse("payments:pay", args=[msa_request.reference]), {"expected_cents": 27922})
    assert (answer.status_code, factories.refreshed(msa_request).status) == (409, Status.UNSUBMITTED)


def test_next_step_before_the_statement_is_to_see_what_is_open(client, alice):
    msa_request = factories.executed(factories.complete_request(owner=alice, clear_meter_access=False))
    assert "See what to put right first" in text(client.get(msa_request.get_absolute_url()))
    readiness_statements.state_findings(msa_request, by=alice, covers=["E17:clear_meter_access"])
    page = text(client.get(msa_request.get_absolute_url()))
    assert ("See what to put right first" in page, "Pay the fee" in page) == (False, True)
    assert "Promised for the visit" in page


def test_form_asks_about_a_near_miss_as_soon_as_it_is_saved(client, alice):
    msa_request = factories.complete_request(owner=alice)
    data = {"autosave": "1", "version": msa_request.version, "changed": "panel_model", "panel_model": NEAR}
    answer = json.loads(client.post(step_of(msa_request, "panel"), data).content)
    assert f"Did you mean {LISTED}?" in answer["question"]
    assert f"Did you mean {LISTED}?" in text(client.get(step_of(msa_request, "panel")))


@pytest.mark.parametrize(("said", "model"), [("yes", LISTED), ("no", NEAR)])
@pytest.mark.parametrize("place", ["step", "review"])
def test_near_miss_is_answered_in_one_tap(client, alice, place, said, model):
    msa_request = factories.complete_request(owner=alice, panel_model=NEAR)
    posted = {"typed": NEAR, "meant": said, "from": "review", "version": msa_request.version, "panel_model": NEAR}
    where = page_of(msa_request) if place == "review" else step_of(msa_request, "panel")
    answer = client.post(where, posted, follow=True)
    msa_request.refresh_from_db()
    assert (msa_request.panel_model, PanelModelAnswer.objects.get().was_meant) == (model, said == "yes")
    assert "Did you mean" not in text(answer)
    assert answer.request["PATH_INFO"] == step_of(msa_request, "review" if place == "review" else "panel")


def test_enter_key_answers_no_question(client, alice):
    """The first button of the step's form is the one that a browser presses."""
    msa_request = factories.complete_request(owner=alice, panel_model=NEAR)
    form = text(client.get(step_of(msa_request, "panel"))).split("data-autosave")[1]
    first = re.search(r"<button[^>]*>", form)
    assert first
    assert 'name="go" value="next"' in first[0]


def test_public_check_asks_and_takes_either_answer(client):
    address = reverse("requests:eligibility")
    asked = client.get(address, {"request_type": "install", "panel_model": NEAR})
    assert f"Did you mean {LISTED}?" in text(asked)
    yes, no = re.findall(r'href="(\?[^"]+)#answer"', asked.content.decode())[-2:]
    page = text(client.get(address + yes.replace("&amp;", "&")))
    assert ("Did you mean" in page, "double-sided clips hold" in page) == (False, True)
    page = text(client.get(address + no.replace("&amp;", "&")))
    assert ("Did you mean" in page, f'name="panel_model_confirmed" value="{NEAR}"' in page) == (False, True)
    confirmed = {"request_type": "install", "panel_model": "MBED3042B200P", "panel_model_confirmed": NEAR}
    assert "Did you mean MBED3042B200PV?" in text(client.get(address, confirmed))


def test_api_asks_in_the_finding_and_takes_the_answer(client):
    def ask(**more):
        body = {"request_type": "install", "panel_model": NEAR, **more}
        answer = client.post("/api/v1/eligibility/", json.dumps(body), content_type="application/json")
        return [finding for finding in answer.json()["findings"] if finding["rule"] == "E8"]

    (finding,) = ask()
    assert (finding["severity"], finding["field"], finding["suggestion"]) == ("fixable", "panel_model", LISTED)
    assert finding["message"].startswith(f"Did you mean {LISTED}?")
    assert ask(panel_model_confirmed=True) == []
    (finding,) = ask(panel_model=LISTED, panel_model_confirmed=True)
    assert (finding["severity"], "suggestion" in finding) == ("blocks", False)


def told(msa_request: MSARequest) -> MSARequest:
    """Promised, denied and shown; then paid."""
    owner = msa_request.owner
    readiness_statements.answer_panel_model(msa_request, by=owner, typed=NEAR, meant=False)
    site_photos.add(msa_request, upload(), topic=PhotoTopic.PACKAGE, by=owner)
    return factories.submitted(msa_request)


def test_staff_see_what_was_promised_denied_and_shown(client):
    msa_request = told(worst())
    client.force_login(factories.staff())
    page = text(client.get(reverse("admin:requests_app_msarequest_change", args=[msa_request.pk])))
    assert f"{msa_request.owner} stated on" in page
    assert "I will see to it that each of these is put right before the meter technician comes." in page
    assert page.count("Open; promised for the visit.") == 2
    assert f"asked whether {NEAR} is {LISTED}, and said no" in page
    photo = site_photos.current(msa_request)["package"]
    assert reverse("requests:photo", args=[msa_request.reference, photo.pk]) in page


def test_technician_sees_what_was_promised_and_shown(client):
    msa_request = factories.ordered(factories.valid(told(worst())))
    tess = factories.technician()
    technician = Technician.objects.create(user=tess, employee_number="T-1")
    visit = SiteVisit.objects.get(order__round__msa_request=msa_request)
    day = calendar.load().add(visit.order.issued_at.date(), 1)
    orders.schedule(visit, by=factories.dispatcher(), technician=technician, on=day, window="morning")
    client.force_login(tess)
    page = text(client.get(reverse("fieldwork:visit", args=[visit.pk])))
    assert f"{msa_request.owner} stated on" in page
    assert "The MSA must wait next to the meter" in page
    assert f"it should say {NEAR}, not {LISTED}" in page
    picture = reverse("fieldwork:site_photo", args=[visit.pk, site_photos.current(msa_request)["package"].pk])
    assert picture in page
    answer = client.get(picture)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
