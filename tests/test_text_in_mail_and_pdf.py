"""What people type never acts in an email or a PDF either: it's shown as it was typed (faults 48, 49, 59)."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.utils import timezone
from pypdf import PdfReader
from weasyprint import HTML

import fieldwork.notices  # noqa: F401  declares
import payments.notices  # noqa: F401  declares
import requests_app.receivers  # noqa: F401  declares
from commands.console import ROOT
from fieldwork.models import SiteVisit
from fieldwork.visits import closeouts, flyers
from fieldwork.visits.flyers import Paper
from msa_portal import pdf, seals
from msa_portal.accounts.models import Company
from msa_portal.notices import account_mail  # noqa: F401  declares
from msa_portal.notices.outbox import declared
from msa_portal.notices.rendering import Rendered, render
from payments.models import Allocation, Refund
from payments.services import receipts, statement_files, statements
from requests_app.enums import AgreementState
from requests_app.models import Agreement, AgreementWording, OutcomeReason
from requests_app.signing import rendering
from tests import conftest, factories, typed_text
from tests.fieldwork.conftest import failure, new_technician, planned
from tests.notices.test_templates import sample
from tests.payments import bookings

# No text of a person's, whatever a sample has there.
PROGRAMS_OWN = {"reference", "act_by", "status", "stage", "field"}
MARK = re.compile(r"zq(\d+)q")

# --- Emails ---------------------------------------------------------------------------------------


class Texts:
    """Hostile texts in place of a sample's, each with a number of its own, with a line break for a header."""

    def __init__(self) -> None:
        self.count = 0

    def of(self, value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: self.of(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.of(inner, key) for inner in value]
        if not isinstance(value, str) or value.startswith("http") or key in PROGRAMS_OWN:
            return value
        self.count += 1
        return self.text(self.count)

    @staticmethod
    def text(number: int) -> str:
        return f"{typed_text.hostile(number, None)}\r\nBcc: zq{number}q@example.com"


def hostile_notice(name: str, *, is_vouched_for: bool = True) -> Rendered:
    return render(name, Texts().of(sample(name)), is_vouched_for=is_vouched_for)


@pytest.mark.parametrize("name", sorted(declared))
def test_notice_shows_text_as_it_was_typed(name: str) -> None:
    rendered = hostile_notice(name)
    assert typed_text.acting(rendered.html) == []
    shown = set(MARK.findall(rendered.text))
    assert shown
    for body in (rendered.text, unescape(re.sub(r"<head>.*?</head>", "", rendered.html, flags=re.DOTALL))):
        assert set(MARK.findall(body)) == shown
        for number in shown:
            assert typed_text.hostile(int(number), None) in body
    assert not re.search(r"&(?:lt|gt|quot|#\w+);", rendered.text)


@pytest.mark.parametrize("is_vouched_for", [True, False])
@pytest.mark.parametrize("name", sorted(declared))
def test_subject_stays_one_line(name: str, is_vouched_for: bool) -> None:
    subject = hostile_notice(name, is_vouched_for=is_vouched_for).subject
    assert subject.splitlines() == [subject]
    assert "zq-y>49" not in subject


# --- PDFs -----------------------------------------------------------------------------------------


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The HTML of each PDF, in place of its layout."""
    pages: list[str] = []

    class Recorded(conftest.BlankPage):
        def __init__(self, string: str, **options: Any) -> None:
            pages.append(string)
            super().__init__(string, **options)

    monkeypatch.setattr(pdf, "HTML", Recorded)
    return pages


@pytest.fixture(scope="module")
def hostile_rows(module_rows: None) -> None:
    """An agent's request whose agreement is signed, a visit that failed, a payment of two fees, a refund of one."""
    company = factories.CompanyFactory(address="3 Third Street")
    msa_request = factories.ordered(factories.valid(factories.submitted(factories.complete_request(company=company))))
    technician, reason = new_technician(), factories.OutcomeReasonFactory(explanation="What it means")
    closeouts.close_out(planned(technician, msa_request), failure(reasons=[reason]), by=technician.user)
    bob = factories.actor_of(msa_request)
    fees = bookings.fees_of(bookings.request_of(company, bob), 2)
    payment = bookings.paid(bob, fees, company=company)
    bookings.sent(bookings.promised(payment, fees[0], 5000))
    typed_text.fill()


def signed() -> Agreement:
    agreements = Agreement.objects.select_related("msa_request", "wording", "document")
    return agreements.get(state=AgreementState.EXECUTED)


def agreement() -> None:
    pdf.render_pdf("pdf/agreement.html", rendering.context(signed()))


def evidence() -> None:
    identity = seals.Identity(typed_text.hostile(0, None), "0" * 64, is_self_signed=True)
    pdf.render_pdf("pdf/agreement.html", rendering.executed_context(signed(), identity))


def receipt() -> None:
    part = Allocation.objects.select_related("payment").filter(payment__payer_name__contains="zq").first()
    assert part
    receipts.render(part)


def refund_note() -> None:
    receipts.render_note(Refund.objects.get(state="succeeded"))


def statement() -> None:
    addressee = statements.Addressee(company=Company.objects.get(payments__refunds__isnull=False))
    account = statements.of_month(addressee, timezone.localdate().replace(day=1))
    assert account.payments
    assert account.refunds
    pdf.render_pdf("pdf/statement.html", statement_files.context_of(account))


def flyer() -> None:
    flyers.render(SiteVisit.objects.get())


def label() -> None:
    flyers.render(SiteVisit.objects.get(), paper=Paper.LABEL)


Place = tuple[str, str]
STREET = ("requests_app.MSARequest", "street")
WORDING = [("requests_app.AgreementWording", name) for name in ("customer_terms", "authorization", "submittal")]
FACTS = ("requests_app.Agreement", "facts")
REASON = [("requests_app.OutcomeReason", "title"), ("requests_app.OutcomeReason", "explanation")]
# Each paper with its template, and whose texts stand on it.
PAPERS: dict[Callable[[], None], tuple[str, list[Place]]] = {
    agreement: ("agreement.html", [*WORDING, FACTS, ("requests_app.AgreementWording", "consent")]),
    evidence: (
        "agreement.html",
        [
            *WORDING,
            FACTS,
            *(("requests_app.Signature", name) for name in ("name", "email", "user_agent", "consent_text")),
            ("requests_app.SigningConsent", "email"),
        ],
    ),
    receipt: ("receipt.html", [STREET, ("payments.Payment", "payer_name"), ("accounts.Company", "name")]),
    refund_note: ("refund_note.html", [STREET]),
    statement: (
        "statement.html",
        [STREET, ("payments.Payment", "payer_name"), ("accounts.Company", "name"), ("accounts.Company", "address")],
    ),
    flyer: ("flyer.html", [STREET, *REASON]),
    label: ("flyer_label.html", [STREET, *REASON]),
}


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.__name__)
def test_paper_shows_text_as_it_was_typed(
    db: None, hostile_rows: None, sources: list[str], paper: Callable[[], None]
) -> None:
    paper()
    (html,) = sources
    assert typed_text.acting(html) == []
    on_it = {int(number) for number in MARK.findall(html)}
    assert [place for place in PAPERS[paper][1] if typed_text.NUMBER_OF[place] not in on_it] == []


def test_every_paper_is_tried() -> None:
    templates = {path.name for path in (ROOT / "templates/pdf").glob("*.html")} - {"base.html"}
    assert templates == {template for template, _places in PAPERS.values()}


LINKS = (
    '<a href="javascript:zqRan()">x</a><a href="https://zq.example/">x</a><a href="#x">x</a><input name="x">'
    '<img src="http://169.254.169.254/x.png" alt="x"><link rel="attachment" href="file:///etc/hostname">'
)
ACTS = {"/AA", "/Action", "/EmbeddedFile", "/JS", "/JavaScript", "/Launch", "/OpenAction", "/SubmitForm", "/URI"}


@pytest.mark.pdf
@pytest.mark.parametrize("paper", [evidence, label], ids=lambda paper: paper.__name__)
def test_laid_out_paper_has_no_link_and_no_action(
    db: None, hostile_rows: None, monkeypatch: pytest.MonkeyPatch, paper: Callable[[], None]
) -> None:
    fetchers, bodies = [], []

    class Watched(HTML):
        def __init__(self, string: str, url_fetcher: pdf.AssetFetcher) -> None:
            fetchers.append(url_fetcher)
            super().__init__(string=string, url_fetcher=url_fetcher)

        def write_pdf(self, **options: Any) -> bytes:
            bodies.append(super().write_pdf(**options))
            return bodies[-1]

    monkeypatch.setattr(pdf, "HTML", Watched)
    AgreementWording.objects.update(customer_terms=LINKS)
    OutcomeReason.objects.update(explanation=LINKS)
    paper()
    assert [fetcher.denied for fetcher in fetchers] == [[]]
    reader = PdfReader(io.BytesIO(bodies[0]))
    text = "".join(page.extract_text() for page in reader.pages)
    assert re.sub(r"\s", "", LINKS) in re.sub(r"\s", "", text)
    assert reader.attachments == {}
    assert [page["/Annots"] for page in reader.pages if "/Annots" in page] == []
    assert names_in(reader) & ACTS == set()


def names_in(reader: PdfReader) -> set[str]:
    """Every key and name of every object of the file."""
    names: set[str] = set()
    objects = [reader.get_object(number) for number in range(1, reader.trailer["/Size"])]
    waiting: list[Any] = [reader.trailer, *objects]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            names |= {str(key) for key in value}
            waiting += list(value.values())
        elif isinstance(value, list):
            waiting += list(value)
        elif isinstance(value, str) and value.startswith("/"):
            names.add(str(value))
    return names
