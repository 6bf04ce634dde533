"""Until staff have verified a company, its words stand in no subject and no greeting of email to strangers (D21)."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from msa_portal.accounts.companies import details, invitations
from msa_portal.accounts.models import Company
from msa_portal.notices.models import NoticeMessage
from msa_portal.notices.outbox import declared
from msa_portal.notices.rendering import render
from payments.services import pay_links
from requests_app.enums import WithdrawalReason
from requests_app.lifecycle import drafts, transitions
from requests_app.signing.invitations import invite_customer
from tests import factories
from tests.factories import UserFactory
from tests.notices.test_templates import sample

LURE = "You won 500 dollars"
# Every value that people can type; days, amounts and numbers are the program's.
_TYPED = {
    *(
        "name",
        "agent_name",
        "agent_company",
        "company",
        "manager",
        "colleague",
        "leaver",
        "site_address",
        "who",
        "note",
    ),
    *("device", "panel", "payer", "file_name", "reason", "words_subject"),
}
_ACCOUNT_HOLDERS_OWN = {"account/other"}  # allauth's words, to the account that they are about


@pytest.mark.parametrize("name", sorted(set(declared) - _ACCOUNT_HOLDERS_OWN))
def test_no_typed_word_stands_in_the_subject(name: str) -> None:
    values: dict[str, Any] = sample(name) | dict.fromkeys(_TYPED, LURE)
    subject = render(name, values, is_vouched_for=False).subject
    assert LURE not in subject
    assert len(subject.replace(values["reference"], "").strip(" ·")) > 5
    if LURE not in render(name, values).subject:
        assert subject == render(name, values).subject


@pytest.fixture
def company(db: None) -> Company:
    company = factories.CompanyFactory(name=f"{LURE} Inc")
    factories.member_of(company, name=f"{LURE} Bob")
    return company


def caused_by_agent(company: Company) -> list[NoticeMessage]:
    """Each kind of email that the company's people can have sent to a stranger."""
    bob = company.members.get()
    facts = {"customer_email": "kim@example.com", "customer_name": f"{LURE} Kim", "street": f"{LURE} Street"}
    agreement = factories.prepared(factories.complete_request(company=company, **facts))
    invite_customer(agreement, by=bob)
    signed = factories.executed(factories.complete_request(company=company, **facts))
    pay_links.invite(signed, by=bob)
    transitions.withdraw(signed, by=bob, reason=WithdrawalReason.OTHER, note=LURE)
    mona = company.members.get().memberships.get()
    mona.is_manager = True
    mona.save()
    invitations.invite(company, by=bob, email="stranger@example.com")
    return list(NoticeMessage.objects.filter(recipient__isnull=True))


@pytest.mark.django_db
def test_unverified_companys_words_stand_in_no_subject_or_greeting(company):
    sent = caused_by_agent(company)
    kinds = {
        "draft_started_for_you",
        "invitation_to_sign",
        "invited_to_pay",
        "withdrawn",
        "account/company_invitation",
    }
    assert {message.kind for message in sent} >= kinds
    for message in sent:
        title = message.html.split("</h1>")[0].split("<h1")[1]
        greeting = [line for line in message.text.splitlines() if line.startswith("Hello")]
        assert greeting == ["Hello,"], message.kind
        assert LURE not in message.subject + title, message.kind
        assert LURE not in message.html.split("<body")[0], message.kind
    asks = [message for message in sent if message.kind in kinds - {"withdrawn"}]
    assert all("We haven't verified this company yet" in message.text for message in asks)


@pytest.mark.django_db
def test_verified_companys_words_may_stand_there(company):
    Company.objects.filter(pk=company.pk).update(verified_at=timezone.now(), verified_by=factories.staff())
    company.refresh_from_db()
    sent = {message.kind: message for message in caused_by_agent(company)}
    assert LURE in sent["draft_started_for_you"].subject
    assert LURE in sent["account/company_invitation"].subject
    assert f"Hello {LURE} Kim," in sent["invited_to_pay"].text
    assert "We haven't verified" not in sent["invited_to_pay"].text


@pytest.mark.django_db
def test_word_ends_with_the_verification(company):
    details.verify(company, by=factories.staff(), license_expires_on=timezone.localdate())
    bob = company.members.get()
    drafts_of = [drafts.start(by=bob, company=company) for _ in range(2)]
    drafts.save_facts(drafts_of[0], {"customer_email": "a@example.com"}, by=bob, version=1)
    details.take_back_verification(company, by=factories.staff())
    drafts.save_facts(drafts_of[1], {"customer_email": "b@example.com"}, by=bob, version=1)
    subjects = (
        NoticeMessage.objects.filter(kind="draft_started_for_you").order_by("pk").values_list("subject", flat=True)
    )
    assert [LURE in subject for subject in subjects] == [True, False]


@pytest.mark.django_db
def test_customer_with_an_account_is_greeted_by_their_own_name(company):
    kim = UserFactory(email="kim@example.com", name="Kim Customer")
    msa_request = factories.draft(company=company)
    drafts.claim(msa_request, by=kim)
    transitions.withdraw(msa_request, by=company.members.get(), reason=WithdrawalReason.OTHER, note="x")
    mail = NoticeMessage.objects.get(kind="withdrawn", recipient=kim)
    assert "Hello Kim Customer," in mail.text
