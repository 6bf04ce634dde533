"""The lifecycle tells people, each once, in the transaction of the event."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from msa_portal.notices.models import NoticeMessage
from requests_app.enums import EventKind, Party, WithdrawalReason
from requests_app.events import TRANSITIONS
from requests_app.follow_ups import follow_ups
from requests_app.lifecycle import drafts, transitions
from requests_app.lifecycle import notices as lifecycle_notices
from requests_app.models import MSARequest, SigningInvitation
from requests_app.signing import authority, invitations, reminders
from tests import factories

pytestmark = pytest.mark.django_db


def told(msa_request: MSARequest, *kinds: str) -> list[tuple[str, str]]:
    rows = NoticeMessage.objects.filter(reference=msa_request.reference).order_by("pk")
    return [(row.kind, row.to_email) for row in (rows.filter(kind__in=kinds) if kinds else rows)]


def only(msa_request: MSARequest, kind: str) -> NoticeMessage:
    return NoticeMessage.objects.get(reference=msa_request.reference, kind=kind)


def test_customer_is_told_each_step_of_an_installation() -> None:
    msa_request = factories.completed()
    assert [kind for kind, _to in told(msa_request) if kind not in {"fee_due", "receipt"}] == [
        "signed_copy",
        "request_submitted",
        "request_valid",
        "service_order_issued",
        "visit_complete",
    ]
    assert msa_request.owner is not None
    assert {to for _kind, to in told(msa_request)} == {msa_request.owner.email}


def test_customer_and_agent_are_both_told() -> None:
    msa_request = factories.submitted(company=factories.CompanyFactory())
    assert msa_request.agent is not None
    assert sorted(told(msa_request, "request_submitted")) == sorted(
        [("request_submitted", msa_request.customer_email), ("request_submitted", msa_request.agent.email)]
    )


def test_button_is_for_those_who_have_an_account() -> None:
    msa_request = factories.submitted(company=factories.CompanyFactory())
    assert msa_request.agent is not None
    address = f"/requests/{msa_request.reference}/"
    rows = NoticeMessage.objects.filter(reference=msa_request.reference, kind="request_submitted")
    assert {row.to_email: address in row.text for row in rows} == {
        msa_request.agent.email: True,
        msa_request.customer_email: False,
    }


def test_event_told_twice_queues_once() -> None:
    msa_request = factories.submitted()
    event = msa_request.events.get(kind=EventKind.SUBMIT)
    with transaction.atomic():
        lifecycle_notices.request_submitted(msa_request, event)
    assert len(told(msa_request, "request_submitted")) == 1


def test_every_move_of_the_status_is_told() -> None:
    assert {kind for kind, row in TRANSITIONS.items() if not row.notices} == set()


def test_invitation_holds_a_mark_and_no_key() -> None:
    msa_request = factories.complete_request(company=factories.CompanyFactory())
    agreement = factories.prepared(msa_request)
    invitation = invitations.invite_customer(agreement, by=factories.actor_of(msa_request))
    row = only(msa_request, "invitation_to_sign")
    assert (row.to_email, row.private_link) == (msa_request.customer_email, f"sign:{invitation.key}")
    assert "https://private-link.invalid/" in row.text
    assert str(invitation.key) not in row.text + row.html


def test_signer_is_reminded_once_after_two_business_days() -> None:
    msa_request = factories.complete_request(company=factories.CompanyFactory())
    invitation = invitations.invite_customer(factories.prepared(msa_request), by=factories.actor_of(msa_request))
    assert reminders.run_due() == 0
    SigningInvitation.objects.update(
        created_at=timezone.now() - timedelta(days=6), expires_at=timezone.now() + timedelta(days=8)
    )
    assert [reminders.run_due(), reminders.run_due()] == [1, 0]
    assert only(msa_request, "signature_reminder").private_link == f"sign:{invitation.key}"


def test_signer_who_signed_is_not_reminded() -> None:
    msa_request = factories.complete_request(company=factories.CompanyFactory())
    agreement = factories.prepared(msa_request)
    factories.sign(agreement, Party.CUSTOMER)
    SigningInvitation.objects.update(created_at=timezone.now() - timedelta(days=6))
    assert reminders.run_due() == 0


def test_corrections_name_each_item_with_note_and_field() -> None:
    msa_request = factories.corrections_required(note="It ends in <b>89</b>.")
    row = only(msa_request, "corrections_required")
    for part in (
        "The account number is not the one on the utility's record",
        "It ends in <b>89</b>.",
        "service account number",
    ):
        assert part in row.text
    assert "It ends in &lt;b&gt;89&lt;/b&gt;." in row.html
    assert f"/requests/{msa_request.reference}/corrections/" in row.text


@pytest.mark.parametrize(
    ("request_type", "words"),
    [("install", "Installation complete"), ("removal", "Removal complete"), ("replacement", "Replacement complete")],
)
def test_success_is_told_in_the_words_of_its_type(request_type: str, words: str) -> None:
    adapter = "none" if request_type == "install" else "gma"
    msa_request = factories.completed(request_type=request_type, existing_adapter=adapter)
    row = only(msa_request, "visit_complete")
    assert row.subject == f"{words} · {msa_request.reference}"
    assert "Installation Complete" in row.text


def test_failed_visit_is_told_with_reasons_options_and_the_second_fee() -> None:
    msa_request = factories.failed()
    text = only(msa_request, "visit_unsuccessful").text
    assert "The package with the MSA was not at the meter" in text
    assert "The next visit costs the site visit fee again. At least one reason of the failed visit was on the" in text
    for name, page in [
        ("Modification Request", "modify"),
        ("Reschedule MSA Site Visit", "reschedule"),
        ("Withdraw IR", "withdraw"),
    ]:
        assert name in text
        assert f"/requests/{msa_request.reference}/{page}/" in text


def test_failed_visit_on_the_utilitys_side_costs_nothing() -> None:
    msa_request = factories.failed(reasons=[factories.utility_reason()])
    assert (
        "The next visit costs nothing. Every reason of the failed visit was"
        in only(msa_request, "visit_unsuccessful").text
    )


def test_reschedule_is_confirmed() -> None:
    msa_request = factories.failed(reasons=[factories.utility_reason()])
    follow_ups.save_reschedule(
        msa_request, by=factories.actor_of(msa_request), statements={"meter_or_record_error": "yes"}
    )
    assert len(told(msa_request, "reschedule_received")) == 1


def test_withdrawal_says_what_comes_back() -> None:
    """With money: tests/payments, from the same decisions."""
    msa_request = factories.complete_request()
    transitions.withdraw(msa_request, by=factories.actor_of(msa_request), reason=WithdrawalReason.CHANGED_PLANS)
    assert "You have paid nothing, so nothing comes back." in only(msa_request, "withdrawn").text


def test_withdrawal_by_the_timer_says_so() -> None:
    msa_request = factories.submitted()
    transitions.withdraw(msa_request, by=None, reason=WithdrawalReason.EXPIRED)
    assert "withdrawn by the portal. Reason: The time to act ran out." in only(msa_request, "withdrawn").text


def test_agent_is_told_when_claimed_and_when_revoked() -> None:
    msa_request = factories.complete_request(company=factories.CompanyFactory())
    owner = factories.UserFactory(email=msa_request.customer_email)
    drafts.claim(msa_request, by=owner)
    authority.take_over(msa_request, by=owner)
    assert msa_request.agent is not None
    assert told(msa_request, "request_claimed", "agent_revoked") == [
        ("request_claimed", msa_request.agent.email),
        ("agent_revoked", msa_request.agent.email),
    ]
    assert f"/requests/{msa_request.reference}/" not in only(msa_request, "agent_revoked").text


def test_customer_is_told_once_that_an_agent_started() -> None:
    msa_request = factories.complete_request(company=factories.CompanyFactory(), customer_email="carol@example.com")
    drafts.save_facts(
        msa_request,
        {"customer_email": "eve@example.com"},
        by=factories.actor_of(msa_request),
        version=msa_request.version,
    )
    msa_request.refresh_from_db()
    drafts.save_facts(
        msa_request,
        {"customer_email": "carol@example.com"},
        by=factories.actor_of(msa_request),
        version=msa_request.version,
    )
    assert told(msa_request, "draft_started_for_you") == [
        ("draft_started_for_you", "carol@example.com"),
        ("draft_started_for_you", "eve@example.com"),
    ]


def test_own_draft_tells_nobody() -> None:
    assert told(factories.complete_request()) == []


def test_agent_is_told_when_the_customer_signed_first() -> None:
    msa_request = factories.complete_request(company=factories.CompanyFactory())
    agreement = factories.prepared(msa_request)
    factories.sign(agreement, Party.CUSTOMER)
    assert msa_request.agent is not None
    assert told(msa_request, "agent_signature_due") == [("agent_signature_due", msa_request.agent.email)]
    factories.sign(agreement, Party.AGENT)
    assert len(told(msa_request, "agent_signature_due")) == 1


@pytest.mark.parametrize("company", [False, True])
def test_nobody_is_asked_for_a_signature_that_is_there(company: bool) -> None:
    factories.executed(factories.complete_request(company=factories.CompanyFactory() if company else None))
    assert not NoticeMessage.objects.filter(kind="agent_signature_due").exists()
