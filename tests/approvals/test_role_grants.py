"""Granting a role takes two supervisors, taking one back takes one; the shell is recorded and told (D23)."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client

from msa_portal.accounts.models import User
from msa_portal.accounts.roles import Role
from msa_portal.approvals import role_grants, services
from msa_portal.approvals.models import Proposal
from msa_portal.errors import Refused
from msa_portal.notices.models import NoticeMessage
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def sue() -> User:
    return factories.supervisor()


@pytest.fixture
def sol() -> User:
    return factories.UserFactory(name="Sol", roles=[Role.SUPERVISOR])


@pytest.fixture
def alice() -> User:
    return factories.UserFactory(name="Alice")


def fresh(user: User) -> User:
    return User.objects.get(pk=user.pk)


def code_of(act: Any) -> str:
    with pytest.raises(Refused) as refusal:
        act()
    return refusal.value.code


def told(kind: str) -> list[str]:
    return sorted(NoticeMessage.objects.filter(kind=kind).values_list("to_email", flat=True))


def test_role_is_given_by_the_second_supervisor(alice, sue, sol):
    proposal = role_grants.propose(alice, Role.SUPERVISOR, by=sue, reason="Joins us")
    assert (fresh(alice).roles, told("approval_asked")) == (frozenset(), [sol.email])

    services.approve(proposal, by=sol)
    assert (fresh(alice).roles, fresh(alice).is_staff) == ({Role.SUPERVISOR}, True)
    assert (proposal.proposed_by, proposal.decided_by, proposal.applied_at is not None) == (sue, sol, True)
    assert told("approval_decided") == sorted([alice.email, sue.email, sol.email])


def test_neither_the_proposer_nor_the_person_approves(alice, sue, sol):
    proposal = role_grants.propose(alice, Role.DISPATCHER, by=sue)
    for_sol = role_grants.propose(sol, Role.DISPATCHER, by=sue)
    assert code_of(lambda: services.approve(proposal, by=sue)) == "own_proposal"
    assert code_of(lambda: services.approve(for_sol, by=sol)) == "own_benefit"
    assert code_of(lambda: role_grants.propose(sue, Role.DISPATCHER, by=sue)) == "own_benefit"
    assert fresh(alice).roles == frozenset()


def test_role_is_not_given_to_an_account_that_got_another_address_since(alice, sue, sol):
    """Who approves has read the proposal for one person; its account may be in another one's hands by then."""
    proposal = role_grants.propose(alice, Role.SUPERVISOR, by=sue)
    User.objects.filter(pk=alice.pk).update(email="somebody.else@example.com")
    assert code_of(lambda: services.approve(proposal, by=sol)) == "stale"
    assert not fresh(alice).roles


@pytest.mark.parametrize("role", [Role.PROGRAM_STAFF, Role.DISPATCHER, Role.TECHNICIAN, Role.RECORD_KEEPER])
def test_other_roles_neither_propose_nor_approve(alice, sue, role):
    other = factories.UserFactory(roles=[role])
    proposal = role_grants.propose(alice, Role.DISPATCHER, by=sue)
    for act in (
        lambda: role_grants.propose(alice, Role.SUPERVISOR, by=other),
        lambda: services.approve(proposal, by=other),
        lambda: services.decline(proposal, by=other),
    ):
        assert code_of(act) == "not_allowed"


def test_proposal_of_somebody_who_lost_the_role_is_not_approved(alice, sue, sol):
    proposal = role_grants.propose(alice, Role.SUPERVISOR, by=sue)
    sue.groups.clear()
    assert code_of(lambda: services.approve(proposal, by=sol)) == "proposer_lost_role"


def test_what_was_decided_stays_decided(alice, sue, sol):
    proposal = role_grants.propose(alice, Role.SUPERVISOR, by=sue)
    assert code_of(lambda: role_grants.propose(alice, Role.SUPERVISOR, by=sol)) == "already_proposed"
    services.decline(proposal, by=sol, note="Not yet")
    assert code_of(lambda: services.approve(proposal, by=sol)) == "stale"
    assert fresh(alice).roles == frozenset()


def test_all_rights_are_for_superusers_to_give(alice, sue):
    root = factories.UserFactory(is_staff=True, is_superuser=True)
    second = factories.UserFactory(is_staff=True, is_superuser=True)
    assert code_of(lambda: role_grants.propose(alice, role_grants.ALL_RIGHTS, by=sue)) == "not_allowed"
    proposal = role_grants.propose(alice, role_grants.ALL_RIGHTS, by=root)
    assert code_of(lambda: services.approve(proposal, by=sue)) == "not_allowed"
    services.approve(proposal, by=second)
    assert fresh(alice).is_superuser


@pytest.mark.both_databases
def test_database_holds_that_two_people_did_it(alice, sue):
    proposal = role_grants.propose(alice, Role.SUPERVISOR, by=sue)
    for values in (
        {"state": "approved", "decided_by": sue, "decided_at": proposal.created_at},
        {"state": "approved"},
        {"applied_at": proposal.created_at},
        {"proposed_by": None},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Proposal.objects.update(**values)


# --- The shell --------------------------------------------------------------------------------


def grant(user: User, role: str, *more: str) -> None:
    call_command("grant_role", user.email, role, "--operator", "Ops Olga", "--reason", "Setup", *more)


def test_first_two_supervisors_come_from_the_shell_and_the_third_does_not(alice):
    first, second = factories.UserFactory(), factories.UserFactory()
    grant(first, "supervisor")
    grant(second, "supervisor")
    assert {Role.SUPERVISOR} == fresh(first).roles == fresh(second).roles
    with pytest.raises(CommandError, match="Two supervisors can do this"):
        grant(alice, "supervisor")
    assert fresh(alice).roles == frozenset()


def test_breaking_glass_is_recorded_and_told_to_all_supervisors(alice, sue, sol):
    grant(alice, "supervisor", "--break-glass")
    proposal = Proposal.objects.get()
    assert (proposal.operator, proposal.reason, proposal.state) == ("Ops Olga", "Setup", "approved")
    assert told("approval_decided") == sorted([alice.email, sue.email, sol.email])
    assert "without a second person" in NoticeMessage.objects.filter(kind="approval_decided").first().text


@pytest.mark.parametrize("words", [("--operator", " ", "--reason", "x"), ("--operator", "x", "--reason", " ")])
def test_shell_says_who_and_why(alice, words):
    with pytest.raises(CommandError, match="Say who you are"):
        call_command("grant_role", alice.email, "supervisor", *words)


def test_djangos_own_command_makes_no_superuser():
    with pytest.raises(CommandError, match="grant_role"):
        call_command("createsuperuser", "--noinput", "--email", "root@example.com")
    assert not User.objects.exists()


# --- The staff desk -----------------------------------------------------------------------------


def desk(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_second_supervisor_approves_on_the_page(alice, sue, sol):
    proposal = role_grants.propose(alice, Role.SUPERVISOR, by=sue, reason="Joins us")
    url = f"/admin/approvals/proposal/{proposal.pk}/decide/"
    own = desk(sue).get(url).text
    assert "You proposed this." in own
    assert 'name="approve"' not in own
    page = desk(sol).get(url).text
    for words in ("Joins us", alice.email, "Approve"):
        assert words in page

    desk(sue).post(url, {"approve": "Approve"})
    assert fresh(alice).roles == frozenset()
    desk(sol).post(url, {"approve": "Approve"})
    assert fresh(alice).roles == {Role.SUPERVISOR}


def test_page_lists_only_what_one_decides_on(alice, sue):
    root = factories.UserFactory(is_staff=True, is_superuser=True)
    proposal = role_grants.propose(alice, role_grants.ALL_RIGHTS, by=root)
    page = f"/admin/approvals/proposal/{proposal.pk}/"
    assert desk(sue).get(f"{page}decide/").status_code == 404
    assert desk(sue).post(f"{page}decide/", {"decline": "Decline"}).status_code == 404
    assert desk(factories.staff()).get("/admin/approvals/proposal/").status_code == 403
    assert desk(root).get(f"{page}change/").status_code == 200
    assert Proposal.objects.get().state == "proposed"
