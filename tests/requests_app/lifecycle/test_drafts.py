"""Drafts: made, changed by whoever acts for them, taken over by the customer (D10, fault 16)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from msa_portal.errors import Refused, Stale
from requests_app.lifecycle import drafts
from requests_app.models import VisitRound
from requests_app.signing import authority
from tests import factories

pytestmark = pytest.mark.django_db


def test_draft_has_its_reference_its_first_visit_and_ninety_days():
    msa_request = factories.draft()
    today = timezone.localdate()
    assert msa_request.reference == f"MSA-{today.year}-{msa_request.pk:06d}"
    assert msa_request.owner_acts_by == today + timedelta(days=90)
    assert list(VisitRound.objects.values_list("msa_request", "number")) == [(msa_request.pk, 1)]
    assert [event.kind for event in msa_request.events.all()] == ["created"]


def test_draft_for_a_company_is_made_by_its_members_alone():
    with pytest.raises(Refused) as refusal:
        drafts.start(by=factories.UserFactory(), company=factories.CompanyFactory())
    assert refusal.value.code == "not_allowed"


def test_change_with_a_stale_version_names_both_versions_and_writes_nothing():
    msa_request = factories.draft()
    drafts.save_facts(msa_request, {"city": "Duarte"}, by=msa_request.owner, version=1)
    with pytest.raises(Stale) as stale:
        drafts.save_facts(msa_request, {"city": "Azusa"}, by=msa_request.owner, version=1)
    assert stale.value.fields == {"city": {"theirs": "Duarte", "yours": "Azusa"}}
    msa_request.refresh_from_db()
    assert (msa_request.city, msa_request.version) == ("Duarte", 2)


def test_change_to_what_stands_there_already_is_no_change_even_with_a_stale_version():
    msa_request = factories.draft()
    drafts.save_facts(msa_request, {"city": "Duarte"}, by=msa_request.owner, version=1)
    assert drafts.save_facts(msa_request, {"city": "Duarte"}, by=msa_request.owner, version=1).version == 2


def test_field_that_is_not_on_the_form_is_a_mistake_of_the_program():
    msa_request = factories.draft()
    with pytest.raises(ValueError, match="owner"):
        drafts.save_facts(msa_request, {"owner": None}, by=msa_request.owner, version=1)


@pytest.mark.parametrize("station", [factories.submitted, factories.ordered, factories.completed])
def test_answers_stand_after_submission(station):
    msa_request = station()
    with pytest.raises(Refused) as refusal:
        drafts.save_facts(msa_request, {"city": "Azusa"}, by=msa_request.owner, version=msa_request.version)
    assert refusal.value.code == "not_editable"


def test_customer_takes_a_request_over_once_and_its_starter_never():
    msa_request = factories.complete_request(company=factories.CompanyFactory())
    with pytest.raises(Refused):
        drafts.claim(msa_request, by=msa_request.agent)
    alice = factories.UserFactory()
    drafts.claim(msa_request, by=alice)
    drafts.claim(msa_request, by=alice)
    with pytest.raises(Refused) as refusal:
        drafts.claim(msa_request, by=factories.UserFactory())
    assert (refusal.value.code, msa_request.owner) == ("claimed", alice)


def test_revoked_agent_can_change_nothing():
    msa_request = factories.complete_request(company=factories.CompanyFactory())
    bob = msa_request.agent
    drafts.claim(msa_request, by=factories.UserFactory())
    authority.take_over(msa_request, by=msa_request.owner)
    with pytest.raises(Refused):
        drafts.save_facts(msa_request, {"city": "Azusa"}, by=bob, version=msa_request.version)
