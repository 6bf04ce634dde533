"""The virus scanner: refused, released, held; down, slow, or talking nonsense."""

from __future__ import annotations

import time

import pytest

from msa_portal.errors import Refused
from msa_portal.notices.models import NoticeMessage
from requests_app.enums import DocumentKind, ScanState
from requests_app.files import uploads, virus_scanner
from requests_app.models import Document
from requests_app.tasks import scan_quarantine
from tests import clamd, crafted, factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def mine():
    return factories.draft()


@pytest.fixture
def server(settings):
    with clamd.running(settings) as running:
        yield running


@pytest.fixture
def scanner_down(settings):
    """Nobody listens there."""
    settings.CLAMD_URL, settings.CLAMD_TIMEOUT = "tcp://127.0.0.1:1", 1


def send(msa_request, body: bytes | None = None) -> Document:
    file = crafted.upload(body or crafted.image())
    return uploads.receive(msa_request, file, kind=DocumentKind.SITE_PHOTO, by=msa_request.owner)


def infected_photo() -> bytes:
    return crafted.image() + clamd.EICAR


def test_clean_file_is_kept_as_clean_and_was_scanned_whole(mine, server):
    body = crafted.image(size=(800, 600)) + b"x" * 70_000
    assert send(mine, body).scan == ScanState.CLEAN
    assert server.seen == [body]


def test_infected_file_is_refused_and_not_stored(mine, server):
    with pytest.raises(Refused, match="harmful") as refusal:
        send(mine, infected_photo())
    assert (refusal.value.code, Document.objects.count()) == ("infected", 0)


@pytest.mark.parametrize(
    "answer",
    [b"", b"\xff\xfe\x00garbage\n", b"INSTREAM size limit exceeded. ERROR\n", b"stream: Broken ERROR\n", b"200 OK\n"],
)
def test_answer_that_is_no_verdict_means_quarantine(mine, server, answer):
    server.answer = answer
    assert send(mine).scan == ScanState.WAITING


def test_scanner_that_does_not_answer_in_time_means_quarantine(mine, server, settings):
    settings.CLAMD_TIMEOUT = 0.3
    server.silent.set()
    start = time.monotonic()
    assert send(mine).scan == ScanState.WAITING
    assert time.monotonic() - start < 5


def test_scanner_over_a_unix_socket_that_is_not_there_means_quarantine(settings, tmp_path):
    settings.CLAMD_URL = f"unix://{tmp_path}/clamd.ctl"
    assert virus_scanner.scan(b"x") == ScanState.WAITING


def test_without_a_scanner_nothing_is_scanned_and_it_says_so(mine):
    assert send(mine).scan == ScanState.NOT_SCANNED


@pytest.mark.parametrize("role", ["owner", "staff"])
def test_file_in_quarantine_opens_for_nobody(mine, client, scanner_down, role):
    kept = send(mine)
    client.force_login(mine.owner if role == "owner" else factories.staff())
    answer = client.get(f"/requests/{mine.reference}/documents/{kept.pk}/")
    assert (answer.status_code, "is being checked" in answer.content.decode()) == (409, True)
    assert Document.objects.readable().count() == 0


def test_file_in_quarantine_is_released_when_the_scanner_is_back(mine, client, settings, scanner_down):
    kept = send(mine)
    scan_quarantine()
    kept.refresh_from_db()
    assert kept.scan == ScanState.WAITING
    with clamd.running(settings):
        scan_quarantine()
    kept.refresh_from_db()
    client.force_login(mine.owner)
    answer = client.get(f"/requests/{mine.reference}/documents/{kept.pk}/")
    assert (kept.scan, answer.status_code, len(b"".join(answer.streaming_content))) == (
        ScanState.CLEAN,
        200,
        kept.size,
    )


def test_infected_file_in_quarantine_is_deleted_and_its_sender_told(
    mine, client, settings, scanner_down, django_capture_on_commit_callbacks
):
    kept = send(mine)
    path, storage = kept.file.name, kept.file.storage
    with storage.open(path, "ab") as file:
        file.write(clamd.EICAR)
    with clamd.running(settings), django_capture_on_commit_callbacks(execute=True):
        scan_quarantine()
        scan_quarantine()
    kept.refresh_from_db()
    assert (kept.scan, kept.file.name, storage.exists(path)) == (ScanState.INFECTED, "", False)
    mails = NoticeMessage.objects.filter(kind="upload_removed")
    assert [(mail.to_email, kept.name in mail.text) for mail in mails] == [(mine.owner.email, True)]

    client.force_login(mine.owner)
    answer = client.get(f"/requests/{mine.reference}/documents/{kept.pk}/")
    assert (answer.status_code, "harmful" in answer.content.decode()) == (404, True)


def test_infected_file_that_cannot_be_deleted_now_is_deleted_by_the_next_sweep(
    mine, settings, scanner_down, monkeypatch
):
    kept = send(mine)
    path, storage = kept.file.name, kept.file.storage
    Document.objects.filter(pk=kept.pk).update(scan=ScanState.INFECTED)

    def full(_name: str) -> None:
        raise OSError("read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(storage, "delete", full)
        scan_quarantine()
    assert Document.objects.get(pk=kept.pk).file.name == path
    scan_quarantine()
    assert (Document.objects.get(pk=kept.pk).file.name, storage.exists(path)) == ("", False)


def test_file_that_never_gets_a_verdict_holds_up_no_other(mine, server):
    server.answer = b"stream: Too deep ERROR\n"
    stuck = [send(mine).pk for _file in range(3)]
    good = send(mine)
    with good.file.storage.open(good.file.name, "ab") as file:
        file.write(b"the good one")
    scan_quarantine()
    server.answer, server.unsure = None, b"\xff\xd9"  # judges what does not end as a photo does
    scan_quarantine()
    waiting = Document.objects.filter(scan=ScanState.WAITING)
    assert set(waiting.values_list("pk", flat=True)) == set(stuck)


def test_scanner_that_is_down_is_asked_a_few_times_only(mine, server):
    server.answer = b""
    for _file in range(5):
        send(mine)
    asked = len(server.seen)
    scan_quarantine()
    assert len(server.seen) - asked == 3
