"""Receipts and refund notes as PDF: what they say, and that a receipt stays as it was."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader

from payments.models import Allocation, Payment, Refund
from payments.services import receipts
from requests_app.files import storage
from requests_app.models import Document
from tests import factories
from tests.payments import bookings

pytestmark = [pytest.mark.pdf, pytest.mark.django_db]


def text_of(document: Document | None) -> str:
    assert document is not None
    reader = PdfReader(io.BytesIO(storage.read(document)))
    root = reader.root_object
    assert root["/MarkInfo"]["/Marked"]  # tagged
    assert [page.mediabox[2:] for page in reader.pages] == [[612, 792]]  # one page of Letter
    return " ".join(reader.pages[0].extract_text().split())


def part_of(payment: Payment, reference: str) -> Allocation:
    parts = payment.allocations.select_related("payment", "fee__round__msa_request", "receipt")
    return parts.get(fee__round__msa_request__reference=reference)


@pytest.fixture
def joint() -> Payment:
    """Bob pays for two customers at once."""
    company = factories.CompanyFactory()
    bob = factories.member_of(company)
    requests = [
        bookings.request_of(company, bob, customer_name=name, street=street)
        for name, street in [("Ann Ames", "1 First Street"), ("Zoe Zimmer", "2 Second Street")]
    ]
    return bookings.paid(bob, [bookings.fees_of(msa_request)[0] for msa_request in requests], company=company)


def references(payment: Payment) -> list[str]:
    parts = payment.allocations.order_by("pk").values_list("fee__round__msa_request__reference", flat=True)
    return [str(reference) for reference in parts]


def test_receipt_of_a_joint_payment_says_so_and_names_nobody_else(joint: Payment) -> None:
    first, second = references(joint)
    text = text_of(receipts.render(part_of(joint, first)))
    assert f"This is part of one payment of $558.44 for 2 visits, payment number P{joint.pk}." in text
    for words in (f"{first}-P{joint.pk}", "We received $279.22", "1 First Street", "Bob Builder", "Page 1 of 1"):
        assert words in text
    for words in (second, "2 Second Street", "Zoe Zimmer"):
        assert words not in text


def test_receipt_of_one_fee_says_nothing_of_others() -> None:
    alice = factories.UserFactory()
    payment = bookings.paid(alice, bookings.fees_of(bookings.request_of(None, alice)))
    text = text_of(receipts.render(part_of(payment, references(payment)[0])))
    assert "part of one payment" not in text
    assert "Total paid, in US dollars $279.22" in text


def test_receipt_stays_and_the_refund_note_names_it(joint: Payment) -> None:
    first, _second = references(joint)
    part = part_of(joint, first)
    before = receipts.render(part)
    assert before is not None
    refund = bookings.promised(joint, part.fee, 10000)
    bookings.sent(refund)
    refund = Refund.objects.select_related("payment", "fee__round__msa_request", "document").get(pk=refund.pk)
    note = text_of(receipts.render_note(refund))
    for words in (f"{first}-R{refund.pk}", f"Receipt {first}-P{joint.pk}", "$100.00", "$279.22"):
        assert words in note
    after = receipts.render(part_of(joint, first))
    assert (after, after and after.sha256) == (before, before.sha256)


def test_note_of_money_that_paid_for_nothing_names_no_receipt() -> None:
    alice = factories.UserFactory()
    (fee,) = bookings.fees_of(bookings.request_of(None, alice))
    payment = bookings.paid(alice, [fee], state="duplicate")
    refund = bookings.promised(payment, fee, bookings.FEE)
    bookings.sent(refund)
    note = text_of(receipts.render_note(Refund.objects.select_related("payment", "document").get(pk=refund.pk)))
    assert "None: the money paid for no visit" in note
    assert "Received, not used for a fee" in note
