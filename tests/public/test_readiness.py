"""/readyz: one word for strangers, what is the matter for staff and the log (fault 62)."""

from __future__ import annotations

import pytest
from django.db.migrations.recorder import MigrationRecorder

from tests import factories

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]
FORMATS = ["", "?format=json", "?format=text", "?format=openmetrics", "?format=rss", "?format=atom"]


@pytest.fixture
def redis_down(settings):
    settings.REDIS_URL = "redis://:secret-word@127.0.0.1:1/0"


def test_ready_when_database_and_migrations_are_fine(client):
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_not_ready_while_a_migration_waits(client):
    row = MigrationRecorder.Migration.objects.filter(app="axes").latest("pk")
    row.delete()
    try:
        response = client.get("/readyz")
    finally:
        MigrationRecorder.Migration.objects.create(app=row.app, name=row.name)
    assert (response.status_code, response.json()) == (503, {"status": "unavailable"})


@pytest.mark.parametrize("query", FORMATS)
def test_without_redis_strangers_read_that_it_is_degraded_and_nothing_else(client, redis_down, query):
    for accept in ("*/*", "text/plain", "text/html"):
        response = client.get(f"/readyz{query}", headers={"Accept": accept})
        assert (response.status_code, response.content) == (200, b'{"status": "degraded"}')


def test_without_redis_customers_read_no_more_than_strangers(client, redis_down):
    client.force_login(factories.UserFactory())
    assert client.get("/readyz").json() == {"status": "degraded"}


def test_without_redis_staff_and_the_log_read_what_is_the_matter(client, redis_down, caplog):
    client.force_login(factories.staff())
    response = client.get("/readyz")
    assert "Redis" in response.json()["checks"]["Redis"]
    assert "not_ready" in caplog.text
    assert "secret-word" not in response.text + caplog.text
