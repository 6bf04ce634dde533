"""The one door for uploads: what is kept, how much, and under which name (faults 30 to 36)."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest
from PIL import Image

from msa_portal.errors import Refused
from requests_app.enums import DocumentKind, PhotoTopic, ScanState
from requests_app.files import inspectors, uploads
from requests_app.files.inspection import limits
from requests_app.models import Document, MSARequest
from tests import crafted, factories
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def mine() -> MSARequest:
    return factories.draft()


def send(msa_request: MSARequest, body: bytes | None = None, name: str = "photo.jpg", **options) -> Document:
    file = crafted.upload(crafted.image() if body is None else body, name)
    options.setdefault("kind", DocumentKind.SITE_PHOTO)
    return uploads.receive(msa_request, file, by=msa_request.owner, **options)


def files_on_disk(settings) -> int:
    return sum(path.is_file() for path in Path(settings.MEDIA_ROOT).rglob("*"))


def test_photo_is_kept_encoded_anew_with_what_its_camera_said_beside_it(mine):
    sent = crafted.photo_with_position()
    kept = send(mine, sent, topic=PhotoTopic.PANEL_LABEL)
    with kept.file.open("rb") as file:
        stored = file.read()
    with Image.open(io.BytesIO(stored)) as image:
        assert (image.format, image.size, dict(image.getexif())) == ("JPEG", (40, 60), {})
    assert [mark for mark in (b"Secret", b"Pear") if mark in stored] == []
    assert {key: kept.evidence[key] for key in ("taken", "camera", "latitude", "longitude")} == {
        "taken": "2026:11:20 09:30:00",
        "camera": "Pear Phone 9",
        "latitude": 34.147833,
        "longitude": -118.002,
    }
    assert (kept.topic, kept.scan, kept.created_by) == ("panel_label", ScanState.NOT_SCANNED, mine.owner)


def test_photo_whose_metadata_makes_no_sense_is_kept_without_it(mine):
    exif = Image.Exif()
    exif[0x010F] = "A\x00B\u202e" + "x" * 500
    position = exif.get_ifd(0x8825)
    position[1], position[2] = "N", (5000.0, 0.0, 0.0)
    kept = send(mine, crafted.image(exif=exif))
    assert kept.evidence.keys() == {"camera", "sha256_of_original"}
    assert (len(kept.evidence["camera"]) <= 80, "\x00" in kept.evidence["camera"]) == (True, False)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../etc/passwd", "passwd.jpg"),
        ("..\\..\\boot.ini", "boot.jpg"),
        ("a\x00b\r\nSet-Cookie: x.jpg", "a b Set-Cookie x.jpg"),
        ("invoice\u202egpj.exe", "invoice gpj.jpg"),
        ("...", "file.jpg"),
        ("x" * 400 + ".jpg", "x" * 100 + ".jpg"),
        ("photo.php.jpg", "photo.php.jpg"),
    ],
)
def test_odd_name_is_shown_safely(sent, shown):
    assert uploads.safe_name(sent, "image/jpeg").replace(":", "") == shown.replace(":", "")


def test_name_on_disk_is_ours_and_the_header_is_safe(mine, client):
    file = crafted.upload(crafted.image())
    file._name = "../../x\r\nX-Evil: 1\x00\u202e.jpg"  # past Django's own cleaning
    kept = uploads.receive(mine, file, kind=DocumentKind.SITE_PHOTO, by=mine.owner)
    folder, _slash, name = kept.file.name.partition("/")
    client.force_login(mine.owner)
    answer = client.get(f"/requests/{mine.reference}/documents/{kept.pk}/")
    b"".join(answer.streaming_content)

    assert (folder, len(name)) == (str(mine.pk), 36)
    assert answer["Content-Disposition"] == 'attachment; filename="x_X-Evil_1.jpg"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"


@pytest.mark.parametrize("name", ["photo.jpg", "scan.pdf"])
@pytest.mark.parametrize(
    "body",
    [
        b"MZ\x90\x00" + b"\x00" * 500,
        b"<!doctype html><script>1</script>",
        b'<svg onload="1"/>',
        b"GIF89a" + b"\x00" * 99,
    ],
    ids=["exe", "html", "svg", "gif"],
)
def test_what_is_neither_photo_nor_pdf_is_refused_and_nothing_is_stored(mine, settings, body, name):
    before = files_on_disk(settings)
    with pytest.raises(Refused):
        send(mine, body, name, allow_pdf=True)
    assert (Document.objects.count(), files_on_disk(settings)) == (0, before)


def test_html_behind_a_photos_first_bytes_does_not_survive(mine):
    kept = send(mine, crafted.image() + b"<script>alert(1)</script>")
    with kept.file.open("rb") as file:
        assert b"script" not in file.read()


def test_file_over_the_limit_is_refused_with_the_limit(mine, settings):
    settings.MAX_UPLOAD_BYTES = 2_000_000
    with pytest.raises(Refused, match="larger than 2 MB"):
        send(mine, b"\xff\xd8\xff" + bytes(2_000_000))


def test_request_takes_only_so_many_files(mine, settings):
    settings.MAX_UPLOADS_PER_REQUEST = 2
    send(mine)
    send(mine)
    with pytest.raises(Refused, match="has 2 files already"):
        send(mine)
    send(factories.draft())
    assert Document.objects.filter(msa_request=mine).count() == 2


def test_request_takes_only_so_many_bytes_replaced_ones_counted(mine, settings):
    settings.MAX_UPLOAD_BYTES_PER_REQUEST = 1_000_000
    kept = send(mine)
    Document.objects.filter(pk=kept.pk).update(size=999_900, replaced_at=kept.created_at)
    with pytest.raises(Refused, match="more than 1 MB"):
        send(mine)


def test_what_we_made_ourselves_uses_no_quota(mine, settings):
    settings.MAX_UPLOADS_PER_REQUEST = 1
    kept = send(mine)
    Document.objects.filter(pk=kept.pk).update(kind=DocumentKind.RECEIPT)
    assert send(mine).pk


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_quota_holds_when_two_send_at_once(mine, settings):
    settings.MAX_UPLOADS_PER_REQUEST = 1
    checked = uploads.check(crafted.upload(crafted.image()))
    answers, failures = at_once(
        *[lambda: uploads.keep(mine, checked, kind=DocumentKind.SITE_PHOTO, by=mine.owner)] * 4
    )
    assert (len(answers), [getattr(failure, "code", failure) for failure in failures]) == (1, ["quota"] * 3)


# --- Caps on what opening a file may cost (fault 32) -----------------------------------------
def program(tmp_path, monkeypatch, text: str) -> None:
    """Another program in the inspection's place."""
    (tmp_path / "inspection").mkdir()
    (tmp_path / "inspection" / "__init__.py").touch()
    (tmp_path / "inspection" / "__main__.py").write_text(text)
    monkeypatch.setattr(inspectors, "_FOLDER", tmp_path)


def own_program(tmp_path, monkeypatch, photo: str) -> None:
    """The real program, with another opener of photos."""
    shutil.copytree(Path(limits.__file__).parent, tmp_path / "inspection")
    (tmp_path / "inspection" / "photo.py").write_text(f"def inspect(data): return {{'x': {photo}}}, b''")
    monkeypatch.setattr(inspectors, "_FOLDER", tmp_path)


def test_inspection_that_takes_too_long_is_ended(mine, tmp_path, monkeypatch):
    program(tmp_path, monkeypatch, "import time; time.sleep(60)")
    monkeypatch.setattr(inspectors, "_SECONDS", 0.3)
    with pytest.raises(Refused, match="couldn't read this file in time"):
        send(mine)


def test_inspection_that_crashes_refuses_the_file(mine, tmp_path, monkeypatch):
    program(tmp_path, monkeypatch, "import os; os.abort()")
    with pytest.raises(Refused, match="more memory or time"):
        send(mine)


def test_inspection_sees_nothing_of_our_environment(mine, tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "very secret")
    leak = tmp_path / "leak.txt"
    program(tmp_path, monkeypatch, f"import os; open({str(leak)!r}, 'w').write(repr(dict(os.environ)))")
    with pytest.raises(Refused):
        send(mine)
    assert "secret" not in leak.read_text()


def test_inspection_caps_its_own_memory(mine, tmp_path, monkeypatch):
    own_program(tmp_path, monkeypatch, "len(bytearray(3_000_000_000))")
    with pytest.raises(Refused, match="more memory or time"):
        send(mine)


def test_inspection_caps_its_own_processor_time(mine, tmp_path, monkeypatch):
    """Three seconds, whatever the clock says: its own limit ends it, not the one that waits for it."""
    own_program(tmp_path, monkeypatch, "[0 for _ in iter(int, 1)]")
    monkeypatch.setattr(inspectors, "_SECONDS", 600)
    limit = tmp_path / "inspection" / "limits.py"
    limit.write_text(
        limit.read_text().replace("CPU_SECONDS = 3 ", "CPU_SECONDS = 1 ").replace("1_200_000_000", "9_000_000_000")
    )
    with pytest.raises(Refused, match="couldn't read this file in time"):
        send(mine)


def test_what_opening_a_file_may_cost():
    assert (limits.CPU_SECONDS, limits.MEMORY_BYTES) == (3, 1_200_000_000)


def test_flood_of_pixels_is_refused(mine):
    with pytest.raises(Refused, match="million pixels"):
        send(mine, crafted.png_header(60_000, 60_000))


def test_photo_that_inflates_to_more_than_its_header_says_stays_small(mine):
    """20 MB of zeros behind a header of 8 × 8: the decoder stops where the pixels end."""
    assert send(mine, crafted.png_header(8, 8, bytes(20_000_000))).size < 2_000
