"""/healthz says that the process answers, /readyz that what it needs answers too."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from health_check.base import HealthCheck
from health_check.contrib.redis import Redis
from health_check.exceptions import ServiceUnavailable
from health_check.views import HealthCheckView
from redis.asyncio import Redis as RedisClient

from msa_portal.guards import Guard, public


class Migrations(HealthCheck):
    """Fails while the database is behind the code."""

    def run(self) -> None:
        # A thread of its own runs this: the connection that it opens is closed again.
        with connection.temporary_connection():
            executor = MigrationExecutor(connection)
            waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if waiting:
            raise ServiceUnavailable(f"{len(waiting)} migrations have not run")


def _broker_client() -> RedisClient:
    return RedisClient.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=2)


class ReadinessView(HealthCheckView):
    """JSON for whoever asks: the package's page has inline styles, which our CSP forbids."""

    guard = Guard.PUBLIC

    @property
    def checks(self) -> list[Any]:
        checks: list[Any] = ["health_check.checks.Database", Migrations]
        if settings.REDIS_URL:
            checks.append((Redis, {"client_factory": _broker_client}))
        return checks

    def render_to_response(self, _context: Any, status: int = 200, **_kwargs: Any) -> HttpResponse:
        return self.render_to_response_json(status)


@public
def alive(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")
