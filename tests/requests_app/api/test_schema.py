"""The API against its own OpenAPI description."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from django.conf import settings
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

COMMITTED = Path(settings.BASE_DIR) / "docs" / "openapi.yaml"
schema = schemathesis.openapi.from_path(COMMITTED)
schema.app = get_wsgi_application()
public = schema.include(path_regex=r"^/api/v1/(eligibility|products|fees)/$")


def test_committed_description_is_current(tmp_path: Path):
    """`manage.py spectacular --file docs/openapi.yaml` writes it anew."""
    fresh = tmp_path / "openapi.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(fresh))
    assert yaml.safe_load(fresh.read_text("utf-8")) == yaml.safe_load(COMMITTED.read_text("utf-8"))


@pytest.fixture
def one_connection(db: None) -> Iterator[None]:
    """A request ends without closing the test's connection, and with it the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.django_db
def test_description_is_served(client: Client):
    response = client.get("/api/v1/schema/?format=json")
    assert response.status_code == 200
    assert response.json()["openapi"].startswith("3.1")


@pytest.mark.django_db
def test_docs_page_has_nothing_inline_and_nothing_from_elsewhere(client: Client):
    text = client.get("/api/v1/docs/").text
    assert "<style" not in text
    assert "style=" not in text
    assert "http" not in text
    assert text.count("<script src=") == text.count("<script") == 3


@public.parametrize()
@hypothesis_settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture],
)
@pytest.mark.usefixtures("one_connection")
def test_answers_are_as_described(case: Any):
    case.call_and_validate()
