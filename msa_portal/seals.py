"""Sealing PDFs: a certification signature (PAdES) after which no change is allowed.

The key is `SEAL_KEY`, a PKCS #12 file in base64. On the embedded default, where none is set, the
portal makes one for itself, once, whose certificate says that it is self-signed. Whatever is wrong
with the key raises `SealKeyError`: nothing leaves `seal` that does not verify.
"""

from __future__ import annotations

import base64
import io
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12
from cryptography.x509.oid import NameOID
from django.conf import settings

# pyhanko takes longer to import than a process may take to start, and only what seals needs it.
if TYPE_CHECKING:
    from pyhanko.sign import fields, signers

SELF_SIGNED_NAME = "MSA enrollment portal (self-signed, for demonstration)"
_FIELD = "Seal"
_SELF_SIGNED_FOR = timedelta(days=3650)


class SealKeyError(Exception):
    """The key is missing, unreadable, not made for signing, or out of date: says which."""


class SealError(Exception):
    """What was sealed does not verify, so it must not be handed out."""


@dataclass(frozen=True)
class Identity:
    """Whose seal it is: the certificate's name and fingerprint (SHA-256, hexadecimal)."""

    name: str
    certificate_sha256: str
    is_self_signed: bool


def seal(body: bytes, *, reason: str) -> bytes:
    """The PDF with our seal as its last revision; `reason` stands in the seal.

    Raises `SealKeyError` without a usable key, `SealError` where the result does not verify.
    """
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers

    metadata = signers.PdfSignatureMetadata(
        field_name=_FIELD,
        md_algorithm="sha256",
        name=identity().name,
        reason=reason,
        certify=True,
        subfilter=fields.SigSeedSubFilter.PADES,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )
    signer = signers.PdfSigner(metadata, signer=_signer(), new_field_spec=_field())
    out = signer.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(body)))
    sealed: bytes = out.getvalue()
    check(sealed)
    return sealed


def identity() -> Identity:
    """Whose seal the next document gets. Raises `SealKeyError`."""
    certificate = _certificate()
    now = datetime.now(UTC)
    if not certificate.not_valid_before <= now <= certificate.not_valid_after:
        raise SealKeyError(f"The seal's certificate is valid until {certificate.not_valid_after:%Y-%m-%d} only.")
    return Identity(
        name=certificate.subject.native.get("common_name") or certificate.subject.human_friendly,
        certificate_sha256=certificate.sha256.hex(),
        is_self_signed=certificate.self_issued,
    )


def _field() -> fields.SigFieldSpec:
    """Nothing to see on the page; hidden, so that a screen reader does not stop at it (PDF/UA-1, 7.18)."""
    from pyhanko.sign import fields

    unseen = fields.InvisSigSettings(set_print_flag=False, set_hidden_flag=True)
    return fields.SigFieldSpec(_FIELD, readable_field_name=_FIELD, invis_sig_settings=unseen)


def check(sealed: bytes) -> None:
    """Read it back before anybody else does. Raises `SealError`, or pyhanko's own where it is no PDF any more."""
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.status import SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext

    signatures = PdfFileReader(io.BytesIO(sealed)).embedded_signatures
    if len(signatures) != 1:
        raise SealError("The sealed document does not hold one seal.")
    trusted = ValidationContext(trust_roots=[_certificate()])
    status = validate_pdf_signature(signatures[0], trusted)
    if not (status.bottom_line and status.coverage == SignatureCoverageLevel.ENTIRE_FILE):
        raise SealError("The sealed document does not verify.")


def _certificate() -> Any:
    certificate = _signer().signing_cert
    if certificate is None:
        raise SealKeyError("The seal's key comes without a certificate.")
    return certificate


def _signer() -> signers.SimpleSigner:
    if settings.SEAL_KEY:
        return _loaded(settings.SEAL_KEY, settings.SEAL_KEY_PASSPHRASE)
    if not settings.SEAL_SELF_SIGNED_FILE:
        raise SealKeyError("SEAL_KEY is not set, so nothing can be sealed.")
    return _loaded(_self_signed(Path(settings.SEAL_SELF_SIGNED_FILE)), "")


@lru_cache(maxsize=4)
def _loaded(key: str, passphrase: str) -> signers.SimpleSigner:
    from pyhanko.sign import signers

    try:
        body = base64.b64decode(key, validate=True)
        signer = signers.SimpleSigner.load_pkcs12_data(body, [], passphrase.encode() or None)
    except (ValueError, TypeError, AttributeError) as error:
        raise SealKeyError(
            "The seal's key cannot be read: SEAL_KEY must be a PKCS #12 file in base64 that holds a key and its "
            "certificate, and SEAL_KEY_PASSPHRASE must open it."
        ) from error
    usage = signer.signing_cert.key_usage_value
    if usage is None or "non_repudiation" not in usage.native:
        raise SealKeyError("The seal's certificate is not made for signing documents (key usage non-repudiation).")
    return signer


def _self_signed(file: Path) -> str:
    """Made by whoever comes first; the others read that one."""
    try:
        if not file.exists():
            write_once(file, new_key())
        return base64.b64encode(file.read_bytes()).decode()
    except OSError as error:
        raise SealKeyError(f"The self-signed seal's key cannot be read or written: {error.strerror}.") from error


def write_once(file: Path, body: bytes) -> None:
    """Whole or not at all, readable for us alone; a second writer leaves the first one's."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent)  # its mode is 0600
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(body)
        os.link(name, file)
    except FileExistsError:
        return
    finally:
        Path(name).unlink()


def new_key() -> bytes:
    """A key with its self-signed certificate, as PKCS #12."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, SELF_SIGNED_NAME)])
    now = datetime.now(UTC)
    usage = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"), False
    ) | {"encipher_only": False, "decipher_only": False}
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _SELF_SIGNED_FOR)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, content_commitment=True, **usage), critical=True)
        .sign(key, hashes.SHA256())
    )
    return pkcs12.serialize_key_and_certificates(_FIELD.encode(), key, certificate, None, NoEncryption())
