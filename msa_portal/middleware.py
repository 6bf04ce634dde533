"""What stands before every request."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_structlog.middlewares import RequestMiddleware
from structlog.contextvars import bind_contextvars

from msa_portal import logs

_FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST")


class TrustedProxyMiddleware:
    """Believe forwarded headers from TRUSTED_PROXIES alone.

    From a trusted proxy the last address that it vouches for becomes REMOTE_ADDR. From anybody
    else the headers are dropped, and X-Forwarded-Host always is (fault 44).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.trusted = [ipaddress.ip_network(proxy, strict=False) for proxy in settings.TRUSTED_PROXIES]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.META.pop("HTTP_X_FORWARDED_HOST", None)
        if self._is_trusted(request.META.get("REMOTE_ADDR", "")):
            self._take_client_address(request)
        else:
            for header in _FORWARDED:
                request.META.pop(header, None)
        return self.get_response(request)

    def _is_trusted(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self.trusted)

    def _take_client_address(self, request: HttpRequest) -> None:
        hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
        for hop in reversed(hops):
            if not self._is_trusted(hop):
                request.META["REMOTE_ADDR"] = hop
                return


class RequestLogMiddleware(RequestMiddleware):
    """A line when a request begins and one when it ends, naming the route instead of the address."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return logs.request_line(request)

    @classmethod
    def bind_ip(cls, request: HttpRequest) -> None:
        """The address that TrustedProxyMiddleware vouches for; headers that anybody can set don't count."""
        bind_contextvars(ip=request.META.get("REMOTE_ADDR", ""))


class PrivacyHeadersMiddleware:
    """What a browser may keep of a page, and which of its abilities a page may use.

    No page of a signed-in person is kept. Signing out clears the browser's cache and nothing else: cookies and
    storage hold the field app's unsent reports (fault 60).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        was_signed_in = self._is_signed_in(request)
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        is_signed_in = self._is_signed_in(request)
        if was_signed_in and not is_signed_in:
            response["Clear-Site-Data"] = '"cache"'
        if was_signed_in or is_signed_in:
            self._keep_nothing(response)
        return response

    def _is_signed_in(self, request: HttpRequest) -> bool:
        has_cookie = settings.SESSION_COOKIE_NAME in request.COOKIES or request.session.modified
        return has_cookie and SESSION_KEY in request.session

    def _keep_nothing(self, response: HttpResponse) -> None:
        """Pages and data always; a picture may say otherwise, such as a small photo that is scrolled past again."""
        says_itself = "Cache-Control" in response and not response.get("Content-Type", "").startswith("text/html")
        if not says_itself and "no-store" not in response.get("Cache-Control", ""):
            response["Cache-Control"] = "private, no-store"


class PlainAddressMiddleware:
    """400 for an address with a NUL in it, which PostgreSQL refuses to look for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return render(request, "400.html", status=400)
        return self.get_response(request)


class BodyLimitMiddleware:
    """413 for a body that says it is too large, before any of it is read (fault 33).

    Django reads no more than the length that was said; who sends more slowly than the web server's
    `timeout` is cut off there.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length) > settings.MAX_BODY_BYTES:
            return too_large(request)
        return self.get_response(request)


def too_large(request: HttpRequest) -> HttpResponse:
    """The page that says what the limits are."""
    limits = {"file_limit": settings.MAX_UPLOAD_BYTES // 1_000_000, "body_limit": settings.MAX_BODY_BYTES // 1_000_000}
    return render(request, "413.html", limits, status=413)
