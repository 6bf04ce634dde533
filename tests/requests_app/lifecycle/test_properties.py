"""The services called at random: what must never be true never is (program.md, S)."""

from __future__ import annotations

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from fieldwork.models import SiteVisit
from msa_portal.errors import Refused
from requests_app import history
from requests_app.enums import CheckCode, EventKind, Settlement, Status, WithdrawalReason
from requests_app.follow_ups import follow_ups
from requests_app.lifecycle import drafts, policies, settlement, transitions
from requests_app.models import VisitRound
from requests_app.screening import corrections, desk
from tests import factories

ALL_YES = {code.value: ("yes", "") for code in CheckCode}


class Walk(RuleBasedStateMachine):
    """Anybody tries anything at any time; a refusal writes nothing, and is no failure."""

    @initialize(company=st.booleans())
    def start(self, company):
        self.staff, self.technician = factories.staff(), factories.technician()
        self.msa_request = factories.complete_request(company=factories.CompanyFactory() if company else None)

    def attempt(self, act):
        self.msa_request = factories.refreshed(self.msa_request)
        before = self.msa_request.events.count()
        try:
            with transaction.atomic():
                act(self.msa_request)
        except Refused:
            assert self.msa_request.events.count() == before
        self.msa_request = factories.refreshed(self.msa_request)

    @property
    def owner(self):
        return factories.actor_of(self.msa_request)

    @rule()
    def sign(self):
        self.attempt(factories.executed)

    @rule(how=st.sampled_from(Settlement), number=st.integers(0, 3))
    def settle(self, how, number):
        visit = (
            VisitRound.objects.filter(msa_request=self.msa_request).order_by("-number")[number : number + 1].first()
        )
        if visit:
            self.attempt(lambda _request: settlement.settle(visit, how=how, by=self.owner))

    @rule(disputed=st.booleans())
    def dispute(self, disputed):
        visit = VisitRound.objects.filter(msa_request=self.msa_request).last()
        self.attempt(lambda _request: settlement.set_disputed(visit, disputed=disputed))

    @rule()
    def submit(self):
        self.attempt(lambda msa_request: transitions.submit(msa_request, by=self.owner))

    @rule(valid=st.booleans())
    def screen(self, valid):
        def act(msa_request):
            if valid:
                for correction in msa_request.corrections.to_judge():
                    corrections.accept(correction, by=self.staff)
                desk.answer_checks(msa_request, ALL_YES, by=self.staff)
                transitions.deem_valid(msa_request, by=self.staff)
            else:
                item = transitions.RequiredCorrection(factories.CorrectionReasonFactory())
                transitions.require_corrections(msa_request, by=self.staff, items=[item])

        self.attempt(act)

    @rule(changes=st.sampled_from([{}, {"account_number": "700000000001"}, {"panel_model": "X-1"}]))
    def correct(self, changes):
        def act(msa_request):
            for correction in msa_request.corrections.open():
                corrections.answer(
                    correction,
                    by=self.owner,
                    way="done",
                    text="Done.",
                    changes=changes,
                    version=factories.refreshed(msa_request).version,
                )
            transitions.resubmit(msa_request, by=self.owner)

        self.attempt(act)

    @rule(text=st.sampled_from(["1 Elm Street", "2 Elm Street"]))
    def change_a_fact(self, text):
        self.attempt(lambda r: drafts.save_facts(r, {"street": text}, by=self.owner, version=r.version))

    @rule(timer=st.booleans())
    def order(self, timer):
        self.attempt(
            lambda msa_request: transitions.issue_service_order(msa_request, by=None if timer else self.staff)
        )

    @rule(utility=st.booleans(), done=st.booleans())
    def visit(self, utility, done):
        reason = factories.utility_reason() if utility else factories.OutcomeReasonFactory()
        if done and utility:
            self.attempt(lambda msa_request: transitions.complete(msa_request, by=self.technician))
        else:
            self.attempt(lambda msa_request: transitions.fail(msa_request, by=self.technician, reasons=[reason]))

    @rule(modify=st.booleans())
    def go_on_after_failure(self, modify):
        def act(msa_request):
            if modify:
                follow_ups.save_modification(msa_request, by=self.owner, device=factories.ProductFactory())
            else:
                reasons = policies.failed_round(msa_request).reasons.all()
                follow_ups.save_reschedule(
                    msa_request, by=self.owner, statements={reason.code: "yes" for reason in reasons}
                )

        self.attempt(act)

    @rule()
    def take_back(self):
        self.attempt(lambda msa_request: follow_ups.cancel(msa_request, by=self.owner))

    @rule(sure=st.integers(0, 9))
    def withdraw(self, sure):
        if sure == 9:
            self.attempt(
                lambda msa_request: transitions.withdraw(msa_request, by=self.owner, reason=WithdrawalReason.OTHER)
            )

    @invariant()
    def no_submission_before_its_fee(self):
        if self.msa_request.events.filter(kind=EventKind.SUBMIT).exists():
            assert VisitRound.objects.get(msa_request=self.msa_request, number=1).settlement

    @invariant()
    def no_order_on_an_unsettled_fee(self):
        assert not VisitRound.objects.filter(
            msa_request=self.msa_request, settlement="", service_order__isnull=False
        ).exists()

    @invariant()
    def one_open_round_and_one_open_visit_at_most(self):
        assert VisitRound.objects.filter(msa_request=self.msa_request, closed_at=None).count() <= 1
        assert SiteVisit.objects.filter(order__round__msa_request=self.msa_request).open().count() <= 1

    @invariant()
    def history_verifies_and_ends_where_the_request_is(self):
        assert list(history.broken_links(self.msa_request)) == []
        assert self.msa_request.events.last().to_status == self.msa_request.status

    @invariant()
    def closed_request_has_nothing_open(self):
        if self.msa_request.status in {Status.WITHDRAWN, Status.INSTALLATION_COMPLETE}:
            assert not VisitRound.objects.filter(msa_request=self.msa_request, closed_at=None).exists()


class Walks(TestCase):
    @pytest.mark.slow
    def test_services_at_random_never_break_what_s_says(self):
        run_state_machine_as_test(
            Walk,
            settings=settings(
                max_examples=25,
                stateful_step_count=20,
                derandomize=True,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
