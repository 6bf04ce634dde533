"""The WSGI application: which part answers which address, and to whom the sandbox listens at all."""

import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.wrappers import Request, Response

from payments.sandbox import api, control
from payments.sandbox.context import Sandbox
from payments.sandbox.hosted import dashboard, payment_page
from payments.sandbox.rendering import page, style

MOST_BODY = 1_000_000
MOST_CONTROL_BODY = 32_000_000  # ten thousand rows at once
SESSION = re.compile(r"/c/pay/([A-Za-z0-9_]+)(/authenticate)?")


class App:
    def __init__(self, box: Sandbox):
        self.box = box
        self.hosts = {"127.0.0.1", "localhost", urlsplit(box.public_url).hostname}

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = MOST_CONTROL_BODY if request.path.startswith("/sandbox/") else MOST_BODY
        request.max_form_memory_size = MOST_BODY
        try:
            response = self.respond(request)
        except HTTPException as error:
            response = page("error.html", error.code or 500, message=error.description)
        return response(environ, start)

    def respond(self, request: Request) -> Response:
        """A foreign Host is refused, so that no page elsewhere reaches the sandbox by rebinding a name."""
        if urlsplit(f"//{request.host}").hostname not in self.hosts:
            return page("error.html", 400, message="The sandbox does not answer to this host name.")
        path = request.path
        if path.startswith("/v1/"):
            return api.respond(self.box, request)
        if path.startswith("/sandbox/"):
            return control.respond(self.box, request)
        return self.show(request, path)

    def show(self, request: Request, path: str) -> Response:
        if request.method not in ("GET", "HEAD", "POST"):
            raise MethodNotAllowed(["GET", "POST"])
        if path == "/healthz":
            return Response("ok\n", content_type="text/plain")
        if path == "/sandbox.css":
            return style()
        if path == "/" or path.startswith("/dashboard/"):
            return dashboard.respond(self.box, request)
        match = SESSION.fullmatch(path)
        if not match:
            raise NotFound
        answer = payment_page.authentication if match[2] else payment_page.pay
        return answer(self.box, request, match[1])
