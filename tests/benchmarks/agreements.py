"""The signed agreement, rendered and sealed, beside WeasyPrint and pyhanko alone on the same document."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.template.loader import render_to_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from weasyprint import HTML

from msa_portal import pdf, seals
from requests_app.agreements import versions
from requests_app.enums import Party
from requests_app.files import storage
from requests_app.models import Agreement
from requests_app.signing import rendering
from tests import factories
from tests.benchmarks.measure import Case

BARE = "bare_agreement"


def cases() -> list[Case]:
    agreement = signed()

    def ours() -> None:
        with storage.atomic():
            if not rendering.render(agreement.pk):
                raise RuntimeError("nothing was rendered")

    return [
        Case(BARE, "WeasyPrint and pyhanko alone", bare(agreement), against=BARE),
        Case("agreement", "Agreement rendered, sealed, read back, stored", ours, against=BARE, writes=True),
    ]


def signed() -> Agreement:
    """Signed by agent and customer; its sealed copy is not made yet."""
    msa_request = factories.complete_request(company=factories.CompanyFactory())
    agreement = versions.prepare(msa_request, by=factories.actor_of(msa_request))
    rendering.render(agreement.pk)
    agreement.refresh_from_db()
    for party in (Party.AGENT, Party.CUSTOMER):
        factories.sign(agreement, party)
    agreement.refresh_from_db()
    return agreement


def bare(agreement: Agreement) -> Callable[[], None]:
    """The same words, fonts and picture; the text is put together and the key read beforehand."""
    context = rendering.executed_context(agreement, seals.identity())
    words = render_to_string("pdf/agreement.html", context)
    picture = {"qr.svg": pdf.qr_svg(context["qr_url"])}
    key = Path(settings.SEAL_SELF_SIGNED_FILE)
    signer = signers.SimpleSigner.load_pkcs12(str(key))
    metadata = signers.PdfSignatureMetadata(
        field_name="Seal",
        certify=True,
        subfilter=fields.SigSeedSubFilter.PADES,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )

    def render_and_seal() -> None:
        document = HTML(string=words, url_fetcher=pdf.AssetFetcher(picture)).write_pdf(pdf_variant="pdf/ua-1")
        signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(document)), metadata, signer)

    return render_and_seal
