from __future__ import annotations

import pytest
from django.db.migrations.recorder import MigrationRecorder

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


def test_ready_when_database_and_migrations_are_fine(client):
    response = client.get("/readyz")
    assert response.status_code == 200
    assert set(response.json().values()) == {"OK"}


def test_not_ready_while_a_migration_waits(client):
    row = MigrationRecorder.Migration.objects.filter(app="axes").latest("pk")
    row.delete()
    try:
        response = client.get("/readyz")
    finally:
        MigrationRecorder.Migration.objects.create(app=row.app, name=row.name)
    assert response.status_code == 500
    assert "migrations have not run" in response.content.decode()


def test_not_ready_without_the_broker(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = client.get("/readyz")
    assert response.status_code == 500
    assert "Unable to connect to Redis" in response.content.decode()
