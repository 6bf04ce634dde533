"""PDF from templates: tagged for screen readers (PDF/UA), on Letter, with nothing fetched.

Templates extend `pdf/base.html`. What the renderer may load is a fixed list of our own fonts and
the pictures that the caller hands over; every other address is refused, whatever the text of a
document names (fault 49).
"""

from __future__ import annotations

import io
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import segno
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from weasyprint import HTML
from weasyprint.urls import URLFetcher, URLFetcherResponse

# A scheme that nothing else answers to: "portal-asset:PublicSans-Bold.ttf".
_SCHEME = "portal-asset:"
_FONT_FOLDER = "uswds/fonts/public-sans"
_FONTS = frozenset(
    {"PublicSans-Regular.ttf", "PublicSans-Italic.ttf", "PublicSans-SemiBold.ttf", "PublicSans-Bold.ttf"}
)
_QR_NAME = "qr.svg"


class AddressDenied(ValueError):
    """A document named an address that the renderer may not load."""


class AssetFetcher(URLFetcher):
    """Hands out our fonts and the given pictures, and opens nothing else: no file, no network."""

    def __init__(self, pictures: Mapping[str, bytes] | None = None) -> None:
        # It connects to nobody, so it needs no certificates: to read the machine's takes 25 ms for each document.
        super().__init__(
            allowed_protocols=[], allow_redirects=False, ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        )
        self.pictures = dict(pictures or {})
        self.denied: list[str] = []

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        name = url.removeprefix(_SCHEME)
        if url.startswith(_SCHEME) and name in self.pictures:
            kind = "image/svg+xml" if name.endswith(".svg") else "image/jpeg"
            return URLFetcherResponse(url, self.pictures[name], {"Content-Type": kind})
        if url.startswith(_SCHEME) and name in _FONTS:
            return URLFetcherResponse(url, _font_path(name).read_bytes(), {"Content-Type": "font/ttf"})
        self.denied.append(url)
        raise AddressDenied("not one of the document's own fonts and pictures")


def _font_path(name: str) -> Path:
    """From the front-end packages, else from where static files were collected to."""
    path = finders.find(f"{_FONT_FOLDER}/{name}")
    return Path(path) if isinstance(path, str) else Path(settings.STATIC_ROOT) / _FONT_FOLDER / name


def render_pdf(
    template: str,
    context: Mapping[str, Any],
    *,
    pictures: Mapping[str, bytes] | None = None,
    fetcher: AssetFetcher | None = None,
) -> bytes:
    """The template as PDF; the same context gives the same bytes.

    `reference` in the context stands on every page, `mark` too where given ("Sample"); `qr_url`
    becomes the QR code in the letterhead, absolute. `pictures` are SVG or JPEG by name, shown by
    `<img src="portal-asset:NAME" alt="…">`.
    """
    own = dict(pictures or {})
    if context.get("qr_url"):
        own[_QR_NAME] = qr_svg(context["qr_url"])
    fetcher = fetcher or AssetFetcher()
    fetcher.pictures |= own
    document = HTML(string=render_to_string(template, dict(context)), url_fetcher=fetcher)
    rendered: bytes = document.write_pdf(pdf_variant="pdf/ua-1")
    return rendered


def qr_svg(url: str) -> bytes:
    """A QR code as SVG, for a PDF."""
    out = io.BytesIO()
    _qr(url).save(out, kind="svg", border=2, scale=4, xmldecl=False)
    return out.getvalue()


def qr_data_uri(url: str) -> str:
    """A QR code as the address of a picture, as large as the page's styles make it."""
    return _qr(url).svg_data_uri(border=2, scale=4, omitsize=True)


def _qr(url: str) -> segno.QRCode:
    return segno.make(url, error="m", micro=False)
