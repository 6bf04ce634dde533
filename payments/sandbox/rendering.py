"""Django's template engine on its own, without the project's settings. Every value is a string or a plain container."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.template import Context, Engine
from werkzeug.wrappers import Response

HERE = Path(__file__).parent
ENGINE = Engine(dirs=[str(HERE / "templates")])
STYLE = (HERE / "static" / "sandbox.css").read_bytes()


def page(name: str, status: int = 200, targets: tuple[str | None, ...] = (), **values: Any) -> Response:
    """`targets`: addresses that a submitted form may redirect to, which the policy must name."""
    html = ENGINE.get_template(name).render(Context(values, autoescape=True, use_l10n=False, use_tz=False))
    response = Response(html, status, content_type="text/html; charset=utf-8")
    origins = sorted({origin_of(target) for target in targets if target})
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none';"
        f" frame-ancestors 'none'; form-action {' '.join(["'self'", *origins])}"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    return response


def origin_of(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def style() -> Response:
    return Response(STYLE, content_type="text/css; charset=utf-8")


def money(cents: int, currency: str) -> str:
    amount = f"{cents / 100:,.2f}"
    return f"${amount}" if currency == "usd" else f"{amount} {currency.upper()}"
