"""The stations that other tests start from."""

from __future__ import annotations

import pytest

from requests_app import history
from requests_app.enums import Status
from tests import factories

pytestmark = pytest.mark.django_db

STATIONS = {
    factories.submitted: Status.REQUEST_SUBMITTED,
    factories.corrections_required: Status.CORRECTIONS_REQUIRED,
    factories.valid: Status.PENDING_SERVICE_ORDER,
    factories.ordered: Status.SERVICE_ORDER_ISSUED,
    factories.completed: Status.INSTALLATION_COMPLETE,
    factories.failed: Status.SITE_VISIT_UNSUCCESSFUL,
    factories.withdrawn: Status.WITHDRAWN,
}


@pytest.mark.parametrize("station", STATIONS, ids=lambda station: station.__name__)
def test_station_has_its_status_and_a_history_that_verifies(station):
    msa_request = station()
    assert msa_request.status == STATIONS[station]
    assert list(history.broken_links(msa_request)) == []


def test_request_of_a_company_is_signed_by_both_and_submitted():
    msa_request = factories.submitted(company=factories.CompanyFactory())
    assert msa_request.status == Status.REQUEST_SUBMITTED
    assert msa_request.owner is None
