"""Who certified a PDF, as what, and whether it is as that left it."""

from __future__ import annotations

import io
import zlib
from typing import Any

from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.general import SigningError
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from .answers import NotTaken, one_line


def inspect(data: bytes) -> tuple[dict[str, Any], bytes]:
    try:
        signatures = PdfFileReader(io.BytesIO(data)).embedded_signatures
        if not signatures:
            return {"certificate": ""}, b""
        first = signatures[0]
        status = validate_pdf_signature(first, ValidationContext(trust_roots=[first.signer_cert]))
        whole = status.coverage == SignatureCoverageLevel.ENTIRE_FILE
        return {
            "certificate": first.signer_cert.sha256.hex(),
            "reason": one_line(first.sig_object.get("/Reason")),
            "unchanged": bool(status.bottom_line and whole),
        }, b""
    except (PdfError, SigningError, SignatureValidationError, ValueError, TypeError, KeyError) as error:
        raise NotTaken("not_a_pdf") from error
    except (IndexError, AttributeError, OSError, zlib.error, AssertionError) as error:
        raise NotTaken("not_a_pdf") from error
