"""A Monday morning at the utility, technicians, visits, and who is told what."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from fieldwork.models import SiteVisit, Technician
from msa_portal.notices.models import NoticeMessage
from tests.fieldwork.conftest import new_technician

MONDAY = datetime(2027, 3, 1, 17, tzinfo=UTC)  # 9 a.m. in Los Angeles


@pytest.fixture
def clock(db: None) -> Iterator[Any]:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def tess(clock: Any) -> Technician:
    return new_technician()


def told(kind: str, visit: SiteVisit) -> list[NoticeMessage]:
    reference = visit.order.round.msa_request.reference
    return list(NoticeMessage.objects.filter(kind=kind, reference=reference).order_by("pk"))
