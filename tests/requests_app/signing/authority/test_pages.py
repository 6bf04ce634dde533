"""The pages on which a customer sees and ends what an agent does, and colleagues hand over."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from requests_app.models import AgentAuthority
from requests_app.signing import authority
from tests import factories
from tests.requests_app.signing.authority.conftest import authorized

pytestmark = pytest.mark.django_db


def signed_in(client, user):
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_customer_sees_company_account_and_last_day(client, company, alice):
    msa_request = authorized(company, alice)
    page = signed_in(client, alice).get("/requests/agents/").content.decode()

    for words in (company.name, msa_request.authority.account_number, msa_request.reference, "Holds until"):
        assert words in page
    assert f"/requests/agents/{msa_request.authority_id}/end/" in page


def test_customer_sees_what_has_ended_and_why(client, company, alice):
    authority.revoke(authorized(company, alice), by=alice)
    page = signed_in(client, alice).get("/requests/agents/").content.decode()

    assert "Ended by the customer" in page
    assert "/end/" not in page


def test_other_customers_authorities_are_not_shown(client, company, alice):
    authorized(company, alice)
    page = signed_in(client, factories.UserFactory()).get("/requests/agents/").content.decode()

    assert company.name not in page
    assert "Nobody acts for you." in page


def test_list_takes_as_many_queries_for_many_as_for_one(client, company, alice, django_assert_num_queries):
    authorized(company, alice)
    signed_in(client, alice)
    with CaptureQueriesContext(connection) as one:
        client.get("/requests/agents/")
    for number in ("700999999991", "700999999992", "700999999993"):
        authorized(company, alice, account_number=number)
    with django_assert_num_queries(len(one)):
        client.get("/requests/agents/")


@pytest.mark.parametrize(("do", "ended"), [("take_over", False), ("revoke", True)])
def test_buttons_do_what_they_say(client, company, alice, do, ended):
    msa_request = authorized(company, alice)
    signed_in(client, alice).post(f"/requests/{msa_request.reference}/agent/end/", {"do": do})

    msa_request.refresh_from_db()
    assert not msa_request.has_agent
    assert (AgentAuthority.objects.get().ended_at is not None) == ended


def test_agent_is_out_at_the_next_click(client, company, alice):
    msa_request = authorized(company, alice)
    signed_in(client, msa_request.agent)
    assert client.get(msa_request.get_absolute_url()).status_code == 200
    authority.revoke(msa_request, by=alice)

    assert client.get(msa_request.get_absolute_url()).status_code == 404
    assert client.get(f"/requests/{msa_request.reference}/form/where/").status_code == 404


def test_colleague_is_chosen_on_the_page(client, company, alice):
    msa_request = authorized(company, alice)
    eve = factories.member_of(company, name="Eve Wright")
    url = f"/requests/{msa_request.reference}/agent/hand-over/"
    page = signed_in(client, msa_request.agent).get(url).content.decode()
    assert "Eve Wright" in page

    client.post(url, {"to": eve.pk})
    msa_request.refresh_from_db()
    assert msa_request.agent == eve
    assert "Eve Wright" in client.get(msa_request.get_absolute_url()).content.decode()


def test_nobody_chosen_is_said_at_the_field(client, company, alice):
    msa_request = authorized(company, alice)
    factories.member_of(company)
    answer = signed_in(client, msa_request.agent).post(f"/requests/{msa_request.reference}/agent/hand-over/", {})

    assert answer.status_code == 422
    assert "Choose a colleague." in answer.content.decode()


def test_customer_and_stranger_cannot_open_the_hand_over(client, company, alice):
    msa_request = authorized(company, alice)
    for user in (alice, factories.member_of(factories.CompanyFactory())):
        assert signed_in(client, user).get(f"/requests/{msa_request.reference}/agent/hand-over/").status_code == 404
