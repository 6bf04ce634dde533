"""What people send us: judged by content, never by name, and encoded anew (faults 30 to 33, 36)."""

from __future__ import annotations

import io
import warnings

import pillow_heif
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from msa_portal.errors import Refused

pillow_heif.register_heif_opener()

PHOTO_FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
MAX_PIXELS = 50_000_000  # a phone's largest photo; decoded, that is 150 MB
LONGEST_SIDE = 2400
_QUALITY = 85


def reencode_photo(upload: UploadedFile) -> bytes:
    """The photo as a new JPEG, turned upright, with no metadata. Raises `Refused` for anything else."""
    check_size(upload)
    upload.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(upload, formats=PHOTO_FORMATS) as image:
                return _encoded(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, RuntimeError) as error:
        raise Refused(
            _("This file is not a photo that we can read. Send a JPEG, PNG, WebP or HEIC photo."), code="not_a_photo"
        ) from error


def check_size(upload: UploadedFile) -> None:
    if not upload.size:
        raise Refused(_("This file is empty. Choose the photo again."), code="empty_file")
    if upload.size > settings.MAX_UPLOAD_BYTES:
        limit = settings.MAX_UPLOAD_BYTES // 1_000_000
        raise Refused(
            _("This file is larger than %(limit)s MB. Send a smaller one.") % {"limit": limit}, code="too_large"
        )


def _encoded(image: Image.Image) -> bytes:
    """Sizes come from the header, so a flood of pixels is refused before any is decoded."""
    if image.width * image.height > MAX_PIXELS:
        raise _too_many_pixels()
    image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    upright = ImageOps.exif_transpose(image)
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    # A new image holds pixels alone: comments and profiles would follow the old one into the file.
    clean = Image.new("RGB", upright.size, "white")
    rgba = upright.convert("RGBA")
    clean.paste(rgba, mask=rgba.getchannel("A"))
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=_QUALITY, optimize=True)
    return out.getvalue()


def _too_many_pixels() -> Refused:
    limit = MAX_PIXELS // 1_000_000
    return Refused(
        _("This photo has more than %(limit)s million pixels. Send a smaller one.") % {"limit": limit},
        code="too_many_pixels",
    )
