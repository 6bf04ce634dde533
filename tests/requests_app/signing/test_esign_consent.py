"""Consent to electronic records: told before, shown to work, given apart from the signature, taken back at any time."""

from __future__ import annotations

import pytest

from msa_portal.errors import Refused
from requests_app.enums import EventKind, Party
from requests_app.lifecycle import drafts
from requests_app.models import Agreement, DocumentOpening, SigningConsent
from requests_app.signing import esign_consent, esign_disclosures, invitations, signatures
from tests import factories
from tests.requests_app.signing.conftest import agree, answers, link, open_invitation, proof, render

pytestmark = pytest.mark.django_db


def consent_events(agreement: Agreement) -> list[str]:
    kinds = [EventKind.CONSENT_GIVEN, EventKind.CONSENT_WITHDRAWN]
    return list(
        agreement.msa_request.events.filter(kind__in=kinds).order_by("sequence").values_list("kind", flat=True)
    )


def signed(agreement: Agreement, party: Party, by: invitations.Proof) -> None:
    sha256 = agreement.document.sha256
    signatures.sign(agreement, party=party, name="Alice Sample", document_sha256=sha256, proof=by)


def test_signer_reads_every_disclosure_and_the_way_to_paper_before_agreeing(client, ready):
    url = link(open_invitation(ready))
    shown = client.get(f"{url}?step=read").content.decode()
    for disclosure in esign_disclosures.disclosures():
        assert shown.index(disclosure.title) < shown.index('id="id_consent"')
        assert shown.index(disclosure.text) < shown.index('id="id_consent"')
    assert f'href="{url}paper/"' in shown


def test_consent_keeps_the_text_that_was_shown_and_the_opening_that_shows_access(client, ready):
    url = link(open_invitation(ready))
    b"".join(client.post(f"{url}open/", HTTP_USER_AGENT="A phone"))
    client.post(f"{url}consent/", {"consent": "on"})

    consent, opening = SigningConsent.objects.get(), DocumentOpening.objects.get()
    assert (consent.agreement, consent.party, consent.text_version) == (ready, "customer", esign_disclosures.VERSION)
    assert (consent.text, consent.opening, consent.withdrawn_at) == (esign_disclosures.text(), opening, None)
    assert (opening.document_sha256, opening.user_agent) == (ready.document.sha256, "A phone")
    assert consent_events(ready) == ["consent_given"]
    assert not ready.signatures.exists()


def test_without_the_box_there_is_no_consent(client, ready):
    url = link(open_invitation(ready))
    b"".join(client.post(f"{url}open/"))
    assert 'href="#id_consent"' in client.post(f"{url}consent/", {}).content.decode()
    assert not SigningConsent.objects.exists()


def test_without_opening_the_document_there_is_no_consent(client, ready):
    url = link(open_invitation(ready))
    b"".join(client.get(f"{url}document/"))
    assert "Open the agreement as PDF first" in client.post(f"{url}consent/", {"consent": "on"}).content.decode()
    assert not SigningConsent.objects.exists()
    assert client.get(f"{url}open/").status_code == 405
    assert not DocumentOpening.objects.exists()


def test_what_another_person_opened_shows_no_access(ready, agent_request):
    other = factories.member_of(agent_request.agent_company)
    esign_consent.open_document(ready, Party.AGENT, proof(other))
    with pytest.raises(Refused) as refused:
        esign_consent.give(ready, Party.AGENT, proof(agent_request.agent))
    assert refused.value.code == "not_opened"


def test_consent_given_twice_is_kept_once(consented):
    esign_consent.give(consented, Party.CUSTOMER, proof(invitation=open_invitation(consented)))
    assert SigningConsent.objects.count() == 1
    assert consent_events(consented) == ["consent_given"]


def test_without_consent_nobody_signs(client, ready):
    url = link(open_invitation(ready))
    assert client.get(f"{url}?step=sign")["Location"] == f"{url}?step=read"
    assert client.post(url, answers(ready))["Location"] == f"{url}?step=read"
    with pytest.raises(Refused) as refused:
        signed(ready, Party.CUSTOMER, proof(invitation=open_invitation(ready)))
    assert refused.value.code == "no_consent"
    assert not ready.signatures.exists()


def test_consent_of_one_colleague_is_not_the_others(ready, agent_request):
    agree(ready, Party.AGENT, proof(agent_request.agent))
    with pytest.raises(Refused) as refused:
        signed(ready, Party.AGENT, proof(factories.member_of(agent_request.agent_company)))
    assert refused.value.code == "no_consent"


def test_consent_to_other_words_is_asked_for_again(consented):
    SigningConsent.objects.update(text_version="2020-01")
    with pytest.raises(Refused) as refused:
        signed(consented, Party.CUSTOMER, proof(invitation=open_invitation(consented)))
    assert refused.value.code == "no_consent"


def test_consent_stands_for_the_next_version_of_the_same_request(client, consented, agent_request):
    drafts.save_facts(agent_request, {"city": "Arcadia"}, by=agent_request.agent, version=agent_request.version)
    new = render(factories.refreshed(agent_request))
    url = link(open_invitation(new))
    assert 'id="id_consent"' not in client.get(f"{url}?step=read").content.decode()
    assert client.post(url, answers(new)).status_code == 302
    assert new.signatures.count() == 1


def test_withdrawn_consent_leads_to_paper_and_is_asked_for_again(client, consented):
    url = link(open_invitation(consented))
    answer = client.post(f"{url}consent/withdraw/", follow=True)

    assert answer.redirect_chain == [(f"{url}paper/", 302)]
    assert "no longer agree to sign electronically" in answer.content.decode()
    assert SigningConsent.objects.get().withdrawn_at is not None
    assert consent_events(consented) == ["consent_given", "consent_withdrawn"]
    assert client.post(url, answers(consented))["Location"] == f"{url}?step=read"

    client.post(f"{url}consent/", {"consent": "on"})
    client.post(url, answers(consented))
    assert consented.signatures.count() == 1


def test_what_was_signed_stays_when_consent_is_withdrawn(client, consented):
    url = link(open_invitation(consented))
    client.post(url, answers(consented))
    assert "I changed my mind" in client.get(f"{url}claim/").content.decode()
    assert client.post(f"{url}consent/withdraw/")["Location"] == f"{url}claim/"
    assert SigningConsent.objects.get().withdrawn_at is not None
    assert consented.signatures.count() == 1


def test_nothing_to_withdraw_is_said_and_leaves_no_event(client, ready):
    answer = client.post(f"{link(open_invitation(ready))}consent/withdraw/", follow=True)
    assert "nothing to take back" in answer.content.decode()
    assert consent_events(ready) == []


def test_owner_consents_signs_and_withdraws_on_the_requests_page(client):
    msa_request = factories.complete_request()
    agreement = render(msa_request)
    client.force_login(msa_request.owner)
    url = f"/requests/{msa_request.reference}/agreement/"

    assert "Open the agreement as PDF first" in client.post(f"{url}consent/", {"consent": "on"}).content.decode()
    assert b"".join(client.post(f"{url}open/")).startswith(b"%PDF")
    assert client.post(f"{url}consent/", {"consent": "on"})["Location"] == f"{url}#sign-title"
    assert client.post(f"{url}consent/withdraw/")["Location"] == f"/requests/{msa_request.reference}/paper/"
    client.post(f"{url}consent/", {"consent": "on"})
    client.post(f"{url}sign/", answers(agreement))
    assert agreement.signatures.count() == 1
    assert client.post(f"{url}consent/withdraw/")["Location"] == url
    assert consent_events(agreement) == ["consent_given", "consent_withdrawn"] * 2


def test_who_took_the_request_over_withdraws_what_they_gave_by_link(client, consented):
    invitation = open_invitation(consented)
    client.post(link(invitation), answers(consented))
    person = factories.UserFactory()
    client.force_login(person)
    client.post(f"{link(invitation)}claim/")
    client.post(f"/requests/{consented.msa_request.reference}/agreement/consent/withdraw/")
    assert SigningConsent.objects.get().withdrawn_at is not None


def test_expired_link_neither_opens_nor_consents_nor_withdraws(client, consented, time_machine):
    invitation = open_invitation(consented)
    time_machine.move_to(invitation.expires_at)
    for page in ("open/", "consent/", "consent/withdraw/"):
        assert client.post(link(invitation) + page, {"consent": "on"}).status_code == 410
    assert SigningConsent.objects.get().withdrawn_at is None
