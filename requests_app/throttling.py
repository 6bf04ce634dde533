from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle


class PublicThrottle(SimpleRateThrottle):
    """2,000 calls an hour for one address, signed in or not.

    The address is REMOTE_ADDR, which TrustedProxyMiddleware has settled: a forwarded header that
    a caller makes up gives no fresh count.
    """

    scope = "public"

    def get_cache_key(self, request: Request, view: Any) -> str:
        return self.cache_format % {"scope": self.scope, "ident": request.META.get("REMOTE_ADDR", "")}
