"""A customer-record service that answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests import record_service


@pytest.fixture
def service(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[record_service.Service]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with record_service.running(settings) as server:
        yield server
