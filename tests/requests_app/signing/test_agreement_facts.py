"""A change asks anew for exactly the sections whose facts changed (A3)."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from requests_app.agreements import agreement_facts, versions
from requests_app.agreements import text as agreement_text
from requests_app.enums import AgreementState, Party
from requests_app.lifecycle import drafts
from requests_app.models import AgreementWording, MSARequest, SignedSection
from tests import factories
from tests.requests_app.signing.conftest import render

pytestmark = pytest.mark.django_db


def change(msa_request, **facts):
    drafts.save_facts(msa_request, facts, by=factories.actor_of(msa_request), version=msa_request.version)
    return render(factories.refreshed(msa_request))


@pytest.fixture
def signed(agent_request):
    return factories.executed(agent_request)


def missing(agreement) -> dict[str, list[str]]:
    return {party.value: agreement.missing_sections(party) for party in agreement.parties}


def test_every_covered_fact_is_one_that_the_agreement_states(signed):
    assert set(agreement_facts.FACTS) == set(versions.covered_facts(signed))


@pytest.mark.parametrize(
    ("facts", "asked"),
    [
        ({"city": "Arcadia"}, {"customer": ["customer_terms"], "agent": ["submittal"]}),
        (
            {"customer_name": "Alice Other"},
            {"customer": ["customer_terms", "authorization"], "agent": ["authorization", "submittal"]},
        ),
    ],
)
def test_only_the_sections_of_a_changed_fact_are_asked_for(signed, facts, asked):
    assert missing(change(signed, **facts)) == asked


def test_carried_signature_names_the_one_that_was_given(signed):
    new = change(signed, city="Arcadia")
    newer = change(factories.refreshed(signed), city="Duarte")

    for agreement in (new, newer):
        carried = agreement.signatures.get(party=Party.CUSTOMER)
        assert (carried.sections, carried.carried_from.agreement.version) == (["authorization"], 1)
        assert carried.signed_at == carried.carried_from.signed_at
        assert carried.document_sha256 == carried.carried_from.document_sha256


def test_signing_the_rest_executes_the_new_version(signed):
    new = change(signed, city="Arcadia")
    for party in new.parties:
        factories.sign(new, party)

    assert new.state == AgreementState.EXECUTED
    assert [signature.sections for signature in new.signatures.filter(carried_from=None).order_by("pk")] == [
        ["customer_terms"],
        ["submittal"],
    ]


def test_fact_that_is_put_back_needs_no_signature(signed):
    drafts.save_facts(signed, {"city": "Arcadia"}, by=signed.agent, version=signed.version)
    again = change(factories.refreshed(signed), city="Monrovia")
    assert (again.version, again.state) == (2, AgreementState.EXECUTED)


def test_nothing_is_carried_to_another_wording(signed):
    AgreementWording.objects.all().update(published_at=None)
    factories.AgreementWordingFactory(version="test-2")
    assert not change(signed, city="Arcadia").signatures.exists()


def test_customers_address_for_mail_is_no_covered_fact(signed):
    drafts.save_facts(signed, {"customer_email": "new@example.com"}, by=signed.agent, version=signed.version)
    assert versions.is_executed(factories.refreshed(signed))


@pytest.mark.both_databases
def test_section_is_signed_once_per_party_and_version_in_the_database(signed):
    row = SignedSection.objects.filter(party=Party.CUSTOMER).first()
    row.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


def test_check_after_a_change_costs_nothing_where_nothing_is_covered(signed, django_assert_num_queries):
    before = factories.complete_request()
    with django_assert_num_queries(0):
        assert versions.supersede_if_changed(before, by=None) is False
        assert versions.supersede_if_changed(signed, by=None, changed={"access_notes"}) is False


def test_text_shows_in_each_section_the_facts_that_it_covers(signed):
    for section in agreement_text.sections_of(versions.current(signed)):
        hidden = set(agreement_facts.COVERS[section.code]) - {fact.name for fact in section.facts}
        assert hidden <= {"unit", "project_number"}  # empty here


def test_choice_prints_as_the_request_s_own_field_does(monkeypatch):
    field = MSARequest._meta.get_field("service_class")
    monkeypatch.setattr(field, "choices", [*field.choices, ("marina", "Marina")])
    fields = {name: MSARequest._meta.get_field(name) for name in agreement_facts.FACTS}
    choices = {name: field.flatchoices for name, field in fields.items() if getattr(field, "choices", None)}
    printed = {
        name: [agreement_text.value(name, {name: code}) for code, _ in pairs] for name, pairs in choices.items()
    }
    assert printed == {name: [str(label) for _, label in pairs] for name, pairs in choices.items()}
    assert printed["service_class"][-1] == "Marina"
    assert agreement_text.value("customer_name", {"customer_name": "Maya Ortiz"}) == "Maya Ortiz"
