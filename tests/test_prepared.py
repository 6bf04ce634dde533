"""A query that is put into SQL once gives what Django's own gives, whatever kind of id the rows have."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from fieldwork.models import CloseOut, SiteVisit, Technician
from fieldwork.visits import closeouts
from msa_portal.accounts.models import User
from msa_portal.db import lock
from msa_portal.prepared import Prepared
from requests_app.enums import VisitOutcome
from requests_app.models import MSARequest
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_prepared_query_gives_the_row_that_is_asked_for_each_time(django_assert_num_queries: Any):
    drafts = [factories.draft(), factories.draft()]
    prepared = Prepared(lambda: MSARequest.objects.select_related("owner"))
    for draft in [*drafts, *drafts]:
        with django_assert_num_queries(1):
            row = prepared.get(draft.pk)
            assert (row, row.owner) == (draft, draft.owner)
        read = MSARequest.objects.get(pk=draft.pk)
        names = [field.attname for field in MSARequest._meta.concrete_fields]
        assert [getattr(row, name) for name in names] == [getattr(read, name) for name in names]


def test_row_that_is_not_there_is_told_as_django_does():
    with pytest.raises(User.DoesNotExist), transaction.atomic():
        lock(User(pk=987654))


def test_row_with_a_uuid_is_locked():
    msa_request = factories.ordered()
    visit = SiteVisit.objects.get(order__round__msa_request=msa_request)
    kept = CloseOut.objects.create(
        id=uuid4(), visit=visit, outcome=VisitOutcome.COMPLETE, by=a_technician(), accepted=True
    )
    with transaction.atomic():
        assert lock(kept) == kept
        assert closeouts.kept_before(kept.pk, visit, kept.body_hash) == kept


def a_technician() -> Technician:
    return Technician.objects.create(user=factories.technician(), employee_number="T-9")
