"""PDF rendering: tagged, on Letter, and nothing is fetched (fault 49)."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader

from msa_portal import pdf

pytestmark = pytest.mark.pdf

_CONTEXT = {"reference": "MSA-2026-000001", "mark": "Sample", "qr_url": "http://localhost:8000/requests/x/"}


def test_every_page_is_letter_with_reference_and_page():
    reader = PdfReader(io.BytesIO(pdf.render_pdf("pdf/base.html", _CONTEXT)))

    assert [page.mediabox[2:] for page in reader.pages] == [[612, 792]]
    text = reader.pages[0].extract_text()
    assert "MSA-2026-000001" in text
    assert "Page 1 of 1" in text
    assert "Sample" in text


def test_document_is_tagged_and_names_its_language_and_title():
    root = PdfReader(io.BytesIO(pdf.render_pdf("pdf/base.html", _CONTEXT))).root_object

    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"].startswith("en")
    assert "/StructTreeRoot" in root


def test_same_context_gives_the_same_bytes():
    assert pdf.render_pdf("pdf/base.html", _CONTEXT) == pdf.render_pdf("pdf/base.html", _CONTEXT)


def test_fonts_are_our_own():
    fonts = PdfReader(io.BytesIO(pdf.render_pdf("pdf/base.html", _CONTEXT))).pages[0]["/Resources"]["/Font"]
    names = {font.get_object()["/BaseFont"] for font in fonts.values()}
    assert names
    assert all("Public-Sans" in name for name in names)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data/",
        "https://example.com/x.png",
        "data:image/svg+xml,<svg/>",
        "portal-asset:../../etc/passwd",
        "portal-asset:PublicSans-Bold.woff2",
        "ftp://example.com/x",
    ],
)
def test_address_that_is_no_asset_of_ours_is_denied(url):
    fetcher = pdf.AssetFetcher()
    with pytest.raises(pdf.AddressDenied):
        fetcher.fetch(url)
    assert fetcher.denied == [url]


def test_addresses_in_a_document_are_not_fetched(tmp_path, settings):
    secret = tmp_path / "secret.txt"
    secret.write_text("tell nobody")
    (tmp_path / "evil.html").write_text(
        f'<base href="file://{tmp_path}/"><link rel="stylesheet" href="http://169.254.169.254/x.css">'
        f'<link rel="attachment" href="file://{secret}"><style>@import url("file:///etc/passwd");'
        'p { background: url("http://169.254.169.254/b.png") }</style>'
        f'<p>shown</p><img src="file:///etc/passwd" alt="x"><object data="secret.txt"></object>'
        f'<iframe src="file://{secret}"></iframe><svg><image href="file://{secret}"/></svg>'
    )
    settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [tmp_path]}]
    fetcher = pdf.AssetFetcher()
    body = pdf.render_pdf("evil.html", {}, fetcher=fetcher)

    assert {"file:///etc/passwd", "http://169.254.169.254/x.css"} <= set(fetcher.denied)
    reader = PdfReader(io.BytesIO(body))
    assert reader.attachments == {}
    text = reader.pages[0].extract_text()
    assert "shown" in text
    assert "tell nobody" not in text
