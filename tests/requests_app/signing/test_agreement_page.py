"""The agreement on a request's page."""

from __future__ import annotations

import pytest

from requests_app.enums import AgreementState, Party
from requests_app.lifecycle import drafts
from requests_app.models import Agreement, SigningInvitation
from requests_app.signing import rendering
from tests import factories
from tests.requests_app.signing.conftest import agree, answers, open_invitation, proof, render

pytestmark = pytest.mark.django_db


@pytest.fixture
def mine(client):
    msa_request = factories.complete_request()
    client.force_login(msa_request.owner)
    return msa_request


def page(client, msa_request) -> str:
    response = client.get(f"/requests/{msa_request.reference}/agreement/")
    assert response.status_code == 200
    return response.content.decode()


def test_customer_prepares_reads_signs_and_goes_on_to_the_fee(client, mine):
    url = f"/requests/{mine.reference}/agreement/"
    assert "Prepare the agreement" in page(client, mine)
    client.post(url)
    assert "is being prepared" in page(client, mine)
    assert 'hx-trigger="every 2s"' in page(client, mine)
    agreement = Agreement.objects.get(msa_request=mine)
    rendering.render(agreement.pk)
    agreement.refresh_from_db()

    agree(agreement, Party.CUSTOMER, proof(mine.owner))
    shown = page(client, mine)
    assert shown.index("Only a meter technician of the utility may remove the meter") < shown.index('id="id_name"')
    assert "every 2s" not in shown
    client.post(f"{url}sign/", answers(agreement))
    agreement.refresh_from_db()
    assert agreement.state == AgreementState.EXECUTED
    rendering.render(agreement.pk)
    shown = page(client, mine)
    assert f'href="/requests/{mine.reference}/fee/"' in shown
    assert "Download the signed agreement" in shown


def test_get_prepares_nothing(client, mine):
    page(client, mine)
    assert not Agreement.objects.exists()


def test_preparing_before_the_form_is_complete_says_why_not(client):
    msa_request = factories.draft()
    client.force_login(msa_request.owner)
    assert "disabled" in page(client, msa_request)
    response = client.post(f"/requests/{msa_request.reference}/agreement/", follow=True)
    assert "not complete" in response.content.decode()
    assert not Agreement.objects.exists()


def test_document_to_sign_is_not_there_before_the_agreement_nor_for_who_does_not_sign(client, mine):
    url = f"/requests/{mine.reference}/agreement/open/"
    assert client.post(url).status_code == 404
    render(mine)
    assert b"".join(client.post(url).streaming_content).startswith(b"%PDF")
    client.force_login(factories.staff())
    assert client.post(url).status_code == 404


def test_consent_to_no_agreement_is_not_taken_back(client, mine):
    assert client.post(f"/requests/{mine.reference}/agreement/consent/withdraw/").status_code == 404


def test_signing_without_the_box_is_said_at_the_field(client, mine):
    agreement = render(mine)
    agree(agreement, Party.CUSTOMER, proof(mine.owner))
    response = client.post(f"/requests/{mine.reference}/agreement/sign/", answers(agreement, agrees=""))
    assert response.status_code == 200
    assert 'href="#id_agrees"' in response.content.decode()


def test_second_click_on_sign_says_that_it_is_signed(client, mine):
    agreement = render(mine)
    agree(agreement, Party.CUSTOMER, proof(mine.owner))
    for _click in range(2):
        response = client.post(f"/requests/{mine.reference}/agreement/sign/", answers(agreement), follow=True)
    assert "signed already" in response.content.decode()
    assert agreement.signatures.count() == 1


def test_agent_sees_who_signed_and_sends_a_new_link(client, ready, agent_request):
    client.force_login(agent_request.agent)
    shown = page(client, agent_request)
    assert shown.count("Not signed yet") == 2
    assert f"A link to {agent_request.customer_email} is on its way." in shown
    old = open_invitation(ready)
    client.post(f"/requests/{agent_request.reference}/agreement/invite/")

    assert open_invitation(ready) != old
    assert SigningInvitation.objects.filter(agreement=ready).count() == 2


def test_agent_signs_the_agents_part_alone(client, ready, agent_request):
    client.force_login(agent_request.agent)
    agree(ready, Party.AGENT, proof(agent_request.agent))
    client.post(f"/requests/{agent_request.reference}/agreement/sign/", answers(ready, name="Bob Builder"))

    assert [signature.party for signature in ready.signatures.all()] == [Party.AGENT]
    shown = page(client, agent_request)
    assert "Nothing to sign for you now" in shown
    assert 'id="id_name"' not in shown


def test_changed_fact_is_shown_old_beside_new(client):
    msa_request = factories.executed(factories.complete_request())
    drafts.save_facts(msa_request, {"city": "Arcadia"}, by=msa_request.owner, version=msa_request.version)
    client.force_login(msa_request.owner)
    shown = page(client, msa_request)
    assert shown.index("<td>Monrovia</td>") < shown.index("<strong>Arcadia</strong>")


def test_markup_in_an_answer_is_inert_on_the_page(client):
    msa_request = factories.complete_request(city="<script>alert(1)</script>{{7*7}}")
    render(msa_request)
    client.force_login(msa_request.owner)
    shown = page(client, msa_request)
    assert "<script>alert(1)" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}" in shown


def test_page_takes_the_same_queries_for_one_version_and_for_many(client, mine, django_assert_max_num_queries):
    render(mine)
    with django_assert_max_num_queries(40) as one:
        page(client, mine)
    for city in ("Arcadia", "Duarte", "Azusa"):
        msa_request = factories.refreshed(mine)
        drafts.save_facts(msa_request, {"city": city}, by=msa_request.owner, version=msa_request.version)
        render(factories.refreshed(mine))
    with django_assert_max_num_queries(40) as many:
        page(client, mine)
    assert len(many.captured_queries) == len(one.captured_queries)


@pytest.mark.parametrize("call", ["agreement/", "agreement/sign/", "agreement/invite/"])
def test_stranger_finds_nothing(client, mine, call):
    agreement = render(mine)
    client.force_login(factories.UserFactory())
    assert client.post(f"/requests/{mine.reference}/{call}", answers(agreement)).status_code == 404
    assert client.get(f"/requests/{mine.reference}/agreement/").status_code == 404


def test_document_is_a_download_for_those_who_may_see_its_request(client, mine):
    document = render(mine).document
    url = f"/requests/{mine.reference}/documents/{document.pk}/"
    response = client.get(url)

    assert b"".join(response).startswith(b"%PDF")
    assert response["Content-Disposition"] == f'attachment; filename="{mine.reference}-A1.pdf"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    client.force_login(factories.UserFactory())
    assert client.get(url).status_code == 404
    client.logout()
    assert client.get(url).status_code == 302


def test_document_under_another_request_is_not_found(client, mine):
    other = factories.complete_request(owner=mine.owner)
    document = render(other).document
    assert client.get(f"/requests/{mine.reference}/documents/{document.pk}/").status_code == 404
