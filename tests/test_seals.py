"""The seal: what it certifies, what breaks it, and keys that are not fit for it."""

from __future__ import annotations

import base64
import io
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption, pkcs12
from cryptography.x509.oid import NameOID
from django.core.checks import run_checks
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pypdf import PdfReader, PdfWriter

from commands.console import ROOT
from msa_portal import pdf, seals

pytestmark = pytest.mark.pdf


def key(*, passphrase: str = "", until: datetime | None = None, for_documents: bool = True) -> str:
    """A PKCS #12 file in base64, as SEAL_KEY takes it."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sample Utility")])
    until = until or datetime.now(UTC) + timedelta(days=1)
    usage = dict.fromkeys(
        [
            *("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"),
            *("encipher_only", "decipher_only"),
        ],
        False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - timedelta(days=2))
        .not_valid_after(until)
        .add_extension(x509.KeyUsage(digital_signature=True, content_commitment=for_documents, **usage), critical=True)
        .sign(private, hashes.SHA256())
    )
    lock = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    return base64.b64encode(pkcs12.serialize_key_and_certificates(b"Seal", private, certificate, None, lock)).decode()


@pytest.fixture
def plain() -> bytes:
    return pdf.render_pdf("pdf/base.html", {"reference": "MSA-2026-000001"})


@pytest.fixture
def self_signed(settings, tmp_path):
    settings.SEAL_KEY, settings.SEAL_SELF_SIGNED_FILE = "", str(tmp_path / "seal" / "self-signed.p12")
    return tmp_path / "seal" / "self-signed.p12"


def test_seal_certifies_the_whole_file_and_allows_no_change(plain, self_signed):
    sealed = seals.seal(plain, reason="MSA-2026-000001-A1")

    [signature] = PdfFileReader(io.BytesIO(sealed)).embedded_signatures
    status = validate_pdf_signature(signature, ValidationContext(trust_roots=[signature.signer_cert]))
    assert status.bottom_line
    assert status.coverage.name == "ENTIRE_FILE"
    assert (signature.sig_object["/SubFilter"], signature.sig_object["/Reason"]) == (
        "/ETSI.CAdES.detached",
        "MSA-2026-000001-A1",
    )
    assert signature.docmdp_level == fields.MDPPerm.NO_CHANGES


def test_sealed_file_is_still_tagged(plain, self_signed):
    reader = PdfReader(io.BytesIO(seals.seal(plain, reason="x")))

    root = reader.root_object
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"].startswith("en")
    assert "/StructTreeRoot" in root
    assert b'pdfuaid:part="1"' in root["/Metadata"].get_object().get_data()
    [widget] = [page.get_object() for page in reader.pages[0]["/Annots"]]
    assert widget["/F"] & 2, "the seal's field is not hidden from screen readers"


def test_any_changed_byte_is_detected(plain, self_signed):
    sealed = seals.seal(plain, reason="x")
    [signature] = PdfFileReader(io.BytesIO(sealed)).embedded_signatures
    start, before, after, rest = signature.byte_range
    assert (start, after + rest) == (0, len(sealed))

    for place in [*range(0, before, before // 100), *range(after, len(sealed), rest // 20)]:
        changed = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        assert not _verifies(changed), f"the change of byte {place} went unnoticed"


def test_change_put_behind_the_seal_is_detected(plain, self_signed):
    sealed = seals.seal(plain, reason="x")
    writer = PdfWriter(io.BytesIO(sealed), incremental=True)
    writer.add_metadata({"/Title": "Another"})
    out = io.BytesIO()
    writer.write(out)

    assert _verifies(sealed)
    assert not _verifies(out.getvalue())


def _verifies(body: bytes) -> bool:
    try:
        seals.check(body)
    except Exception:  # noqa: BLE001  (a changed byte may break the file in any way)
        return False
    return True


def test_self_signed_key_is_made_once_and_named_as_such(plain, self_signed):
    seals.seal(plain, reason="x")
    made = self_signed.read_bytes()
    seals.seal(plain, reason="y")

    assert self_signed.read_bytes() == made
    assert self_signed.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in self_signed.parent.iterdir()] == ["self-signed.p12"]
    assert seals.identity().is_self_signed
    assert "self-signed" in seals.identity().name


def test_second_process_takes_the_key_that_the_first_made(self_signed):
    seals.write_once(self_signed, b"first")
    seals.write_once(self_signed, b"second")

    assert self_signed.read_bytes() == b"first"
    assert [file.name for file in self_signed.parent.iterdir()] == ["self-signed.p12"]


def test_key_from_the_environment_seals(plain, settings):
    settings.SEAL_KEY, settings.SEAL_KEY_PASSPHRASE = key(passphrase="open"), "open"

    [signature] = PdfFileReader(io.BytesIO(seals.seal(plain, reason="x"))).embedded_signatures
    assert signature.signer_cert.subject.native == {"common_name": "Sample Utility"}
    assert seals.identity().certificate_sha256 == signature.signer_cert.sha256.hex()


@pytest.mark.parametrize(
    ("seal_key", "passphrase", "words"),
    [
        ("not base64!", "", "cannot be read"),
        (base64.b64encode(b"no key").decode(), "", "cannot be read"),
        ("", "", "not set"),
    ],
)
def test_key_that_is_missing_or_broken_is_said(plain, settings, seal_key, passphrase, words):
    settings.SEAL_KEY, settings.SEAL_KEY_PASSPHRASE, settings.SEAL_SELF_SIGNED_FILE = seal_key, passphrase, ""

    with pytest.raises(seals.SealKeyError, match=words):
        seals.seal(plain, reason="x")


def test_wrong_passphrase_is_said(plain, settings):
    settings.SEAL_KEY, settings.SEAL_KEY_PASSPHRASE = key(passphrase="open"), "sesame"

    with pytest.raises(seals.SealKeyError, match="SEAL_KEY_PASSPHRASE must open it"):
        seals.seal(plain, reason="x")


def test_certificate_out_of_date_is_said(plain, settings):
    settings.SEAL_KEY = key(until=datetime.now(UTC) - timedelta(days=3))

    with pytest.raises(seals.SealKeyError, match="valid until"):
        seals.seal(plain, reason="x")


def test_certificate_for_another_purpose_is_said(plain, settings):
    settings.SEAL_KEY = key(for_documents=False)

    with pytest.raises(seals.SealKeyError, match="not made for signing"):
        seals.seal(plain, reason="x")


def test_self_signed_file_that_cannot_be_written_is_said(plain, settings, tmp_path):
    (tmp_path / "file").write_text("in the way")
    settings.SEAL_KEY, settings.SEAL_SELF_SIGNED_FILE = "", str(tmp_path / "file" / "seal.p12")

    with pytest.raises(seals.SealKeyError, match="cannot be read or written"):
        seals.seal(plain, reason="x")


@pytest.mark.parametrize(("seal_key", "complaint"), [("", "SEAL_KEY must be the key"), ("x", "SEAL_KEY_PASSPHRASE")])
def test_without_debug_nothing_starts_on_a_missing_or_broken_key(seal_key, complaint):
    environment = {
        "PATH": os.environ["PATH"],
        "DEBUG": "0",
        "DEMO": "1",
        "SECRET_KEY": "k3" * 30,
        "SECOND_FACTOR_KEYS": "a2V5LW9mLTMyLWJ5dGVzLWZvci1zZWNvbmQtZmFjdG8=",
        "ALLOWED_HOSTS": "portal.example.org",
        "PUBLIC_URL": "https://portal.example.org",
        "SEAL_KEY": seal_key,
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert complaint in done.stderr


def test_check_at_the_start_finds_a_key_that_cannot_seal(settings):
    settings.SEAL_KEY = "not base64!"
    assert "requests_app.E001" in {problem.id for problem in run_checks(tags=["seals"])}


def test_key_that_the_operations_page_makes_seals(tmp_path, settings, plain):
    """Its commands as printed."""
    page = (ROOT / "docs" / "operations.md").read_text()
    commands = [block.split("```")[0] for block in page.split("```sh\n")[1:]]
    made = next(block for block in commands if "openssl pkcs12" in block)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", made], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    values = dict(line.split("=", 1) for line in done.stdout.splitlines() if line.startswith("SEAL_KEY"))
    settings.SEAL_KEY, settings.SEAL_KEY_PASSPHRASE = values["SEAL_KEY"], values["SEAL_KEY_PASSPHRASE"]

    assert seals.identity().name == "MSA Program agreements"
    seals.check(seals.seal(plain, reason="x"))
