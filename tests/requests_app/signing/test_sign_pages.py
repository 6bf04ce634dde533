"""The pages of a mailed link (faults 40, 47)."""

from __future__ import annotations

import logging

import pytest
from django.test import Client

from msa_portal import logs
from requests_app.lifecycle import drafts
from requests_app.models import MSARequest, SigningInvitation
from requests_app.signing import invitations, rendering
from tests import factories
from tests.requests_app.signing.conftest import answers, link, open_invitation, render

pytestmark = pytest.mark.django_db


def test_three_screens_lead_to_a_signature(client, ready):
    url = link(open_invitation(ready))

    first = client.get(url).content.decode()
    assert ready.facts["agent_company"] in first
    assert "12 Oak Avenue" in first
    second = client.get(f"{url}?step=read").content.decode()
    assert "Authorization to Act as Agent" in second
    assert "Sample wording" in second
    assert b"".join(client.post(f"{url}open/")).startswith(b"%PDF")
    agreed = client.post(f"{url}consent/", {"consent": "on"})
    assert (agreed.status_code, agreed["Location"]) == (302, f"{url}?step=sign")
    assert ready.document.sha256 in client.get(f"{url}?step=sign").content.decode()
    answer = client.post(url, answers(ready), HTTP_USER_AGENT="A phone")

    assert (answer.status_code, answer["Location"]) == (302, f"{url}claim/")
    signature = ready.signatures.get()
    assert (signature.party, signature.email_proof, signature.user_agent) == ("customer", "link", "A phone")
    assert "You have signed" in client.get(f"{url}claim/").content.decode()


@pytest.mark.parametrize("page", ["", "?step=read", "?step=sign", "document/", "claim/"])
def test_get_and_head_leave_the_link_unused(client, consented, page):
    invitation = open_invitation(consented)
    events = consented.msa_request.events.count()
    for call in (client.get, client.head):
        response = call(link(invitation) + page)
        assert response.status_code == 200
        b"".join(response)

    invitation.refresh_from_db()
    assert (invitation.used_at, invitation.voided_at, invitation.claimed_by_id) == (None, None, None)
    assert consented.msa_request.events.count() == events


@pytest.mark.parametrize("page", ["", "?step=read", "?step=sign", "document/", "claim/"])
def test_pages_are_kept_by_nobody_and_pass_no_address_on(client, consented, page):
    response = client.get(link(open_invitation(consented)) + page)
    b"".join(response)

    assert response["Cache-Control"] == "no-store"
    assert response["Referrer-Policy"] == ("strict-origin" if page in {"?step=sign", "claim/"} else "no-referrer")
    assert response["X-Robots-Tag"] == "noindex"


def test_used_link_says_so(client, consented):
    url = link(open_invitation(consented))
    client.post(url, answers(consented))
    for response in (client.get(url), client.post(url, answers(consented))):
        assert response.status_code == 410
        assert "You have signed already" in response.content.decode()
    assert consented.signatures.count() == 1


def test_expired_link_says_so_on_every_page(client, ready, time_machine):
    invitation = open_invitation(ready)
    time_machine.move_to(invitation.expires_at)
    for page in ("", "document/", "claim/"):
        response = client.get(link(invitation) + page)
        assert response.status_code == 410
        assert "expired" in response.content.decode()


def test_link_of_a_replaced_agreement_says_so(client, consented, agent_request):
    url = link(open_invitation(consented))
    drafts.save_facts(agent_request, {"city": "Arcadia"}, by=agent_request.agent, version=agent_request.version)
    response = client.post(url, answers(consented))
    assert response.status_code == 410
    assert "no longer valid" in response.content.decode()


def test_new_link_shows_what_changed(client, ready, agent_request):
    drafts.save_facts(agent_request, {"city": "Arcadia"}, by=agent_request.agent, version=agent_request.version)
    new = render(factories.refreshed(agent_request))
    page = client.get(link(open_invitation(new))).content.decode()
    assert page.index("Monrovia") < page.index("<strong>Arcadia</strong>")


def test_tampered_link_opens_nothing(client, ready):
    url = link(open_invitation(ready))
    key = open_invitation(ready).key.hex
    for token in (key, f"{key}.", url.split("/")[2][:-1], "claimx", f"{'0' * 32}.{url.split('.')[1][:-1]}"):
        assert client.get(f"/sign/{token}/").status_code == 404


def test_guessing_is_throttled(client, ready):
    for _attempt in range(30):
        client.get("/sign/guess/")
    assert client.get("/sign/guess/").status_code == 429
    assert client.get(link(open_invitation(ready))).status_code == 429


def test_hash_of_another_document_is_refused(client, consented):
    response = client.post(link(open_invitation(consented)), answers(consented, document="0" * 64))
    assert response.status_code == 410
    assert "changed while you read it" in response.content.decode()
    assert not consented.signatures.exists()


@pytest.mark.parametrize("field", ["name", "agrees"])
def test_missing_answer_is_said_at_the_field_and_the_name_is_kept(client, consented, field):
    data = answers(consented, name="Alice S. Sample")
    del data[field]
    response = client.post(link(open_invitation(consented)), data)

    assert response.status_code == 200
    page = response.content.decode()
    assert f'href="#id_{field}"' in page
    assert ("Alice S. Sample" in page) == (field == "agrees")


def test_forged_post_is_refused(ready):
    assert Client(enforce_csrf_checks=True).post(link(open_invitation(ready)), answers(ready)).status_code == 403
    assert not ready.signatures.exists()


def test_signer_sees_the_signed_copy_after_everyone_signed(client, consented):
    url = link(open_invitation(consented))
    factories.sign(consented, factories.Party.AGENT)
    client.post(url, answers(consented))
    rendering.render(consented.pk)

    response = client.get(f"{url}document/")
    assert "-signed.pdf" in response["Content-Disposition"]
    assert b"".join(response).startswith(b"%PDF")


def test_token_is_hidden_in_logs(client, ready, caplog):
    url = link(open_invitation(ready))
    line = logs.formatter(json=True).format(logging.makeLogRecord({"msg": "Gone: %s", "args": (url,), "name": "x"}))
    assert url.split("/")[2] not in line


# --- claiming with the link (D10) ---------------------------------------------------------
def claim_url(invitation: SigningInvitation) -> str:
    return f"{link(invitation)}claim/"


def owner_of(msa_request: MSARequest):
    return MSARequest.objects.get(pk=msa_request.pk).owner


def test_bearer_claims_after_signing_and_finds_it_in_my_requests(client, consented, agent_request):
    invitation = open_invitation(consented)
    client.post(link(invitation), answers(consented))
    person = factories.UserFactory(email="private@example.com")
    client.force_login(person)
    assert "Add it to my account" in client.get(claim_url(invitation)).content.decode()
    assert owner_of(agent_request) is None

    response = client.post(claim_url(invitation))
    assert response["Location"] == f"/requests/{agent_request.reference}/"
    assert owner_of(agent_request) == person
    invitation.refresh_from_db()
    assert invitation.claimed_by == person
    assert list(MSARequest.objects.visible_to(person)) == [agent_request]


def test_anonymous_post_claims_nothing(client, ready, agent_request):
    assert client.post(claim_url(open_invitation(ready))).status_code == 200
    assert owner_of(agent_request) is None


def test_link_waits_in_the_session_during_sign_in_and_not_in_the_address(client, ready):
    invitation = open_invitation(ready)
    page = client.get(claim_url(invitation)).content.decode()

    assert "next=/sign/claim/" in page
    assert f"next={link(invitation)}" not in page
    client.force_login(factories.UserFactory())
    assert client.get("/sign/claim/")["Location"] == claim_url(invitation)


def test_second_account_cannot_claim_by_the_same_link(client, ready, agent_request):
    invitation = open_invitation(ready)
    first = factories.UserFactory()
    invitations.claim(invitation, by=first)
    client.force_login(factories.UserFactory())

    assert client.post(claim_url(invitation)).status_code == 410
    assert owner_of(agent_request) == first


def test_agent_cannot_claim_by_the_customers_link(client, ready, agent_request):
    client.force_login(agent_request.agent)
    assert client.post(claim_url(open_invitation(ready))).status_code == 410
    assert owner_of(agent_request) is None


def test_expired_link_claims_nothing(client, ready, agent_request, time_machine):
    invitation = open_invitation(ready)
    time_machine.move_to(invitation.expires_at)
    client.force_login(factories.UserFactory())
    assert client.post(claim_url(invitation)).status_code == 410
    assert owner_of(agent_request) is None


def test_resume_without_a_link_goes_home(client):
    assert client.get("/sign/claim/").status_code == 302


def test_no_logger_of_django_prints_past_the_formatter():
    handlers = [handler for name in ("django", "django.server") for handler in logging.getLogger(name).handlers]
    ours = [handler for handler in handlers if not type(handler).__module__.startswith("_pytest")]
    assert [type(handler.formatter).__name__ for handler in ours] == ["ProcessorFormatter"]
