"""Consent to electronic records: told before, kept apart from the signature."""

from __future__ import annotations

import pytest

from requests_app import disclosures
from requests_app.models import SigningConsent
from tests.requests_app.agreements.conftest import answers, link, open_invitation

pytestmark = pytest.mark.django_db


def test_signer_reads_every_disclosure_and_the_way_to_paper(client, ready):
    url = link(open_invitation(ready))
    shown = client.get(f"{url}?step=sign").content.decode()
    for each in disclosures.disclosures():
        assert each.title in shown
        assert each.text in shown
    assert f'href="{url}paper/"' in shown


def test_consent_is_kept_with_the_text_that_was_shown(client, ready):
    client.post(link(open_invitation(ready)), answers(ready))
    consent = SigningConsent.objects.get()
    assert (consent.agreement, consent.party, consent.text_version) == (ready, "customer", disclosures.VERSION)
    assert consent.text == disclosures.text()


def test_without_the_box_there_is_neither_consent_nor_signature(client, ready):
    client.post(link(open_invitation(ready)), answers(ready, consent=""))
    assert not SigningConsent.objects.exists()
    assert not ready.signatures.exists()
