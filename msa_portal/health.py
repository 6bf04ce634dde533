"""/healthz says that the process answers, /readyz that what it needs answers too."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from health_check.base import HealthCheck
from health_check.contrib.redis import Redis
from health_check.exceptions import ServiceUnavailable
from health_check.views import HealthCheckView
from redis.asyncio import Redis as RedisClient

from msa_portal.accounts.models import User
from msa_portal.guards import Guard, public

log = structlog.get_logger(__name__)


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
    """One word for strangers; staff also read what is the matter, and the log always says it.

    503 where the portal can't work. Without Redis it can, for a while: "degraded" is 200, so that a load balancer
    keeps a portal that still takes requests.
    """

    guard = Guard.PUBLIC

    @property
    def checks(self) -> list[Any]:
        checks: list[Any] = ["health_check.checks.Database", Migrations]
        if settings.REDIS_URL:
            checks.append((Redis, {"client_factory": _broker_client}))
        return checks

    async def get(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
        """In none of the package's other formats: each of them names hosts and errors."""
        with self.get_executor() as executor:
            results = await asyncio.gather(*(check.get_result(executor) for check in self.get_checks()))
        failed = [result for result in results if result.error]
        for result in failed:
            log.warning("not_ready", check=type(result.check).__name__, error=str(result.error))
        can_work = all(isinstance(result.check, Redis) for result in failed)
        body: dict[str, Any] = {"status": "unavailable" if not can_work else "degraded" if failed else "ok"}
        if can_work and await _is_staff(request):
            body["checks"] = {type(result.check).__name__: str(result.error or "OK") for result in results}
        return JsonResponse(body, status=200 if can_work else 503)


async def _is_staff(request: HttpRequest) -> bool:
    user = await request.auser()
    return isinstance(user, User) and user.is_staff


@public
def alive(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")
