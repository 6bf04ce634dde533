from __future__ import annotations

from typing import Any

import structlog
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

log = structlog.get_logger(__name__)


class PublicThrottle(SimpleRateThrottle):
    """2,000 calls an hour for one address, signed in or not.

    The address is REMOTE_ADDR, which TrustedProxyMiddleware has settled: a forwarded header that
    a caller makes up gives no fresh count. With the cache down the call goes through.
    """

    scope = "public"

    def get_cache_key(self, request: Request, view: Any) -> str:
        return self.cache_format % {"scope": self.scope, "ident": request.META.get("REMOTE_ADDR", "")}

    def allow_request(self, request: Request, view: Any) -> bool:
        try:
            return super().allow_request(request, view)
        except RedisError as error:
            log.warning("throttle_without_cache", error=type(error).__name__)
            return True
