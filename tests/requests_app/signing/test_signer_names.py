"""A signer's name beside the account's: told to staff where it differs, and nothing else."""

from __future__ import annotations

import pytest

from requests_app import hooks, sections
from requests_app.enums import AgreementState, Party
from requests_app.signing import signatures, signer_names
from tests import factories
from tests.requests_app.signing.conftest import agree, proof, render


@pytest.mark.parametrize(
    ("typed", "expected", "same"),
    [
        ("alice  SAMPLE", "Alice Sample", True),
        ("Sample, Alice", "Alice Sample", True),
        ("Alice M. Sample", "Alice Sample", True),
        ("Alice M. Sample", "SAMPLE, ALICE MARIE & BOB", True),
        ("Alice Sample Sr.", "Alice Sample Jr.", False),
        ("José Núñez", "Jose Nunez", True),
        ("Alice Sample Jr.", "Alice Sample", True),
        ("A. Sample", "Alice Sample", False),
        ("Bob Sample", "Alice Sample", False),
        ("Sample", "Alice Sample", False),
        ("...", "Alice Sample", False),
    ],
)
def test_name_is_compared_by_its_words(typed, expected, same):
    assert signer_names.is_same_name(typed, expected) is same


@pytest.mark.django_db
def test_other_name_is_shown_to_staff_and_blocks_nothing():
    msa_request = factories.complete_request()
    agreement = render(msa_request)
    signer = proof(msa_request.owner)
    agree(agreement, Party.CUSTOMER, signer)
    sha256 = agreement.document.sha256
    signatures.sign(agreement, party=Party.CUSTOMER, name="Bob <b>Other</b>", document_sha256=sha256, proof=signer)

    assert agreement.state == AgreementState.EXECUTED
    shown = hooks.render_sections("screening", msa_request, factories.staff(), None)
    assert "Bob &lt;b&gt;Other&lt;/b&gt;" in shown
    assert "Signed under another name" in shown


@pytest.mark.django_db
def test_same_name_shows_nothing():
    msa_request = factories.executed(factories.complete_request())
    assert sections.other_names(msa_request, factories.staff()) is None
