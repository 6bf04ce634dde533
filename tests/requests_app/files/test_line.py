"""Files wait in line for an inspector, and no web process opens any (fault 61)."""

from __future__ import annotations

import ast
import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from commands.console import ROOT
from requests_app.enums import DocumentKind, Inspect, InspectionState, PhotoTopic
from requests_app.files import inspections, inspectors, uploads
from requests_app.files.inspections import NotInspected, Sender
from requests_app.models import HeldForm, Inspection, MSARequest, OutcomeReason
from requests_app.tasks import sweep_inspections
from tests import crafted, factories
from tests.test_access import views

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("line_of_files")]


@pytest.fixture
def mine(settings: Any, tmp_path: Path) -> MSARequest:
    settings.MEDIA_ROOT = tmp_path
    return factories.complete_request()


@pytest.fixture
def no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process may not start the program that opens files."""

    def refused(*_args: Any, **_options: Any) -> None:
        raise AssertionError("a web process opens a file")

    monkeypatch.setattr(inspectors, "run", refused)


def address(msa_request: MSARequest) -> str:
    return f"/requests/{msa_request.reference}/photos/"


def sent(client: Client, msa_request: MSARequest, body: bytes | None = None, **data: Any) -> str:
    """Post a photo; the address of the page on which it waits."""
    client.force_login(msa_request.owner)
    file = crafted.upload(body or crafted.image())
    answer = client.post(address(msa_request), {"topic": PhotoTopic.CONDUIT, "photo": file, **data})
    assert (answer.status_code, answer["Location"].startswith("/files/")) == (302, True)
    return answer["Location"]


def state(client: Client, page: str) -> dict[str, Any]:
    return client.get(page, headers={"Accept": "application/json"}).json()


def send_on(client: Client, msa_request: MSARequest, page: str, **data: Any) -> Any:
    return client.post(address(msa_request), {"held": page.split("/")[2], **data})


def files(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "inspections").glob("*") if path.is_file()]


def test_photo_waits_in_line_and_is_saved_when_it_was_opened(client, mine, tmp_path):
    page = sent(client, mine)
    shown = client.get(page).text
    assert "number 1 in line" in shown
    assert '<meta http-equiv="refresh"' in shown
    assert state(client, page)["ready"] is False
    assert (mine.documents.count(), inspectors.inspect_next()) == (0, True)
    shown = client.get(page).text
    assert ("Continue" in shown, "refresh" in shown) == (True, False)
    assert state(client, page)["ready"] is True
    answer = send_on(client, mine, page)
    assert (answer.status_code, mine.documents.get().kind) == (302, DocumentKind.SITE_PHOTO)
    assert (Inspection.objects.count(), HeldForm.objects.get().fields) == (0, {})


def test_files_of_a_form_that_was_sent_on_are_gone(client, mine, tmp_path, commits):
    page = sent(client, mine)
    inspectors.inspect_next()
    assert len(files(tmp_path)) == 2
    send_on(client, mine, page)
    assert files(tmp_path) == []


def test_web_process_opens_nothing(client, mine, no_program):
    page = sent(client, mine)
    client.get(page)
    assert send_on(client, mine, page).status_code == 302
    client.post("/verify/", {"file": crafted.upload(crafted.pdf(), "a.pdf")})
    assert Inspection.objects.filter(state=InspectionState.WAITING).count() == 2


def test_script_gets_the_place_in_line_instead_of_a_page(client, mine):
    client.force_login(mine.owner)
    data = {"topic": PhotoTopic.CONDUIT, "photo": crafted.upload(crafted.image()), "card": "1"}
    answer = client.post(address(mine), data, headers={"X-Waits-Here": "1"})
    assert (answer.status_code, answer.json()["text"]) == (202, "You're number 1 in line.")
    inspectors.inspect_next()
    card = send_on(client, mine, answer.json()["address"])
    assert (card.status_code, f'id="photo-{PhotoTopic.CONDUIT}"' in card.text) == (200, True)


def test_refused_file_is_said_at_its_field_and_what_was_typed_reaches_the_view(client, mine):
    msa_request = factories.failed(reasons=[OutcomeReason.objects.get(code="package-missing")])
    client.force_login(msa_request.owner)
    place, reason = f"/requests/{msa_request.reference}/reschedule/", msa_request.rounds.get().reasons.get()
    acting = crafted.upload(crafted.pdf(b"/OpenAction << /S /JavaScript /JS (x) >>"), "proof.pdf")
    page = client.post(place, {"reason": reason.pk, f"r{reason.pk}-file": acting})["Location"]
    inspectors.inspect_next()
    answer = client.post(place, {"held": page.split("/")[2]})
    assert (answer.status_code, "holds a program" in answer.text) == (422, True)


def test_form_sent_on_twice_is_carried_out_once(client, mine):
    page = sent(client, mine)
    inspectors.inspect_next()
    send_on(client, mine, page)
    again = send_on(client, mine, page)
    assert (again.status_code, mine.documents.count()) == (302, 1)
    assert client.get(page).status_code == 302


def test_form_that_is_sent_on_too_early_goes_back_in_line(client, mine):
    page = sent(client, mine)
    assert (send_on(client, mine, page)["Location"], mine.documents.count()) == (page, 0)


def test_form_whose_view_fails_waits_on(client, mine, monkeypatch):
    page = sent(client, mine)
    inspectors.inspect_next()
    with monkeypatch.context() as patch:
        patch.setattr(uploads, "keep", lambda *_args, **_options: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            send_on(client, mine, page)
    assert state(client, page)["ready"] is True
    send_on(client, mine, page)
    assert mine.documents.count() == 1


def test_held_form_is_its_senders_alone_and_goes_where_it_was_sent(client, mine):
    page = sent(client, mine)
    other = factories.complete_request()
    client.force_login(other.owner)
    assert client.get(page).status_code == 404
    assert send_on(client, other, page).status_code == 404
    client.force_login(mine.owner)
    elsewhere = f"/requests/{mine.reference}/device-documents/"
    assert client.post(elsewhere, {"held": page.split("/")[2]}).status_code == 404
    assert client.post(address(mine), {"held": "nonsense"}).status_code == 404
    assert Client().get(page).status_code == 404


def test_person_at_the_limit_is_told_and_others_are_not_held_up(client, mine, settings):
    settings.MAX_FILES_IN_LINE = 2
    for _file in range(2):
        sent(client, mine)
    answer = client.post(
        address(mine), {"topic": PhotoTopic.CONDUIT, "photo": crafted.upload(crafted.image())}, follow=True
    )
    assert "Too many files are being checked right now" in answer.text
    assert Inspection.objects.count() == 2
    sent(client, factories.complete_request())


def test_line_is_never_longer_than_the_portal_can_bear(client, mine, settings):
    settings.MAX_FILES_IN_LINE_OF_ALL = 1
    sent(client, mine)
    other = factories.complete_request()
    client.force_login(other.owner)
    client.post(address(other), {"topic": PhotoTopic.CONDUIT, "photo": crafted.upload(crafted.image())})
    assert Inspection.objects.count() == 1


def shown(client: Client, body: bytes, **options: Any) -> Any:
    return client.post("/verify/", {"file": crafted.upload(body, "a.pdf")}, **options)


def test_fourth_file_of_a_network_address_is_refused_at_verify_and_another_addresses_first_is_not(client, mine):
    pages = [shown(client, crafted.pdf(b"/A %d" % number)) for number in range(4)]
    assert [page.status_code for page in pages] == [302, 302, 302, 400]
    assert "Too many files are being checked right now" in pages[3].text
    assert shown(client, crafted.pdf(), REMOTE_ADDR="127.0.0.9").status_code == 302


def test_strangers_file_is_answered_when_it_was_opened(client, mine):
    page = shown(client, crafted.pdf())["Location"]
    inspectors.inspect_next()
    answer = client.post("/verify/", {"held": page.split("/")[2]})
    assert "Not a file of ours" in answer.text


def line_up(sender: Sender) -> Inspection:
    return inspections.line_up(crafted.image(), Inspect.PHOTO, sender=sender)


def test_people_come_before_strangers_and_everybodys_first_before_anybodys_second(mine):
    stranger, other = Sender(address="10.0.0.1", is_stranger=True), Sender(address="10.0.0.2", is_stranger=True)
    first, second = line_up(stranger), line_up(stranger)
    others = line_up(other)
    person = line_up(Sender(person=mine.owner))
    order = sorted([first, second, others, person], key=inspections.place_in_line)
    assert order == [person, first, others, second]
    taken = []
    for _file in range(4):
        inspectors.inspect_next()
        taken.append(next(row for row in order if row not in taken and is_done(row)))
    assert taken == order
    assert inspectors.inspect_next() is False


def is_done(row: Inspection) -> bool:
    return Inspection.objects.get(pk=row.pk).state == InspectionState.DONE


def test_file_whose_inspector_was_killed_is_opened_by_the_next_and_given_up_after_that(client, mine):
    page = sent(client, mine)
    row = Inspection.objects.get()
    for attempt in (1, 2):
        late = timezone.now() - timedelta(minutes=2)
        Inspection.objects.update(state=InspectionState.RUNNING, attempts=attempt, started_at=late)
        sweep_inspections()
        row.refresh_from_db()
        assert row.state == (InspectionState.WAITING if attempt == 1 else InspectionState.DONE)
    answer = send_on(client, mine, page, card="1")
    assert "couldn&#x27;t read this file in time" in client.get(answer["Location"]).text


def test_inspector_that_works_is_left_alone(client, mine):
    sent(client, mine)
    Inspection.objects.update(state=InspectionState.RUNNING, attempts=1, started_at=timezone.now())
    sweep_inspections()
    assert Inspection.objects.get().state == InspectionState.RUNNING


def test_verdict_that_comes_too_late_changes_nothing(client, mine, monkeypatch):
    sent(client, mine)

    def slow(what: Inspect, body: bytes) -> tuple[dict[str, Any], bytes]:
        Inspection.objects.update(state=InspectionState.DONE, answer={"refused": "too_slow"})
        return {}, b"x"

    monkeypatch.setattr(inspectors, "run", slow)
    inspectors.inspect_next()
    assert Inspection.objects.get().answer == {"refused": "too_slow"}


def test_line_is_asked_for_again_where_the_broker_lost_it(client, mine, monkeypatch):
    sent(client, mine)
    asked: list[str] = []
    monkeypatch.setattr("requests_app.tasks.ask", asked.append)
    sweep_inspections()
    assert asked == []
    with time_machine.travel(timezone.now() + timedelta(seconds=10)):
        sweep_inspections()
    assert asked == ["requests_app.inspect_next"]


def test_what_nobody_came_for_is_gone_after_a_day(client, mine, tmp_path, commits):
    sent(client, mine)
    with time_machine.travel(timezone.now() + timedelta(hours=23)):
        sweep_inspections()
        assert HeldForm.objects.exists()
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        sweep_inspections()
        sweep_inspections()
    assert (HeldForm.objects.exists(), Inspection.objects.exists(), files(tmp_path)) == (False, False, [])


def test_file_that_no_inspector_opened_is_used_nowhere(mine):
    with pytest.raises(NotInspected):
        uploads.check(crafted.upload(crafted.image()))


# --- No view without the line -----------------------------------------------------------------


def readers_of_files() -> Iterator[str]:
    """Each view of ours, by module and name, that leads to `request.FILES`, itself or through its own module."""
    for path in [*ROOT.glob("*/views/*.py"), *ROOT.glob("*/*/views.py"), *ROOT.glob("*/admin/*.py")]:
        tree = ast.parse(path.read_text())
        functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        reading = {
            name
            for name, node in functions.items()
            if any(isinstance(part, ast.Attribute) and part.attr == "FILES" for part in ast.walk(node))
        }
        while True:
            # What `takes_files` stands before passes opened files on.
            passing = {name for name in reading if not is_guarded(functions[name])}
            callers = {
                name
                for name, node in functions.items()
                if any(isinstance(part, ast.Name) and part.id in passing for part in ast.walk(node))
            }
            if callers <= reading:
                break
            reading |= callers
        for name in passing:
            yield f"{'.'.join(path.relative_to(ROOT).with_suffix('').parts)}.{name}"


def is_guarded(function: ast.FunctionDef) -> bool:
    return any("takes_files" in ast.unparse(decorator) for decorator in function.decorator_list)


def test_every_view_that_takes_a_file_has_it_opened_by_an_inspector():
    ours = {f"{view.__module__}.{view.__name__}" for _name, view in views() if hasattr(view, "__name__")}
    assert "requests_app.views.photos.page" in ours
    # A phone's exported file is JSON; its photos go in line one by one.
    assert set(readers_of_files()) & ours <= {"fieldwork.admin.closeouts.take_in_view"}


def test_view_that_reads_files_past_the_line_is_found(monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "is_guarded", lambda _function: False)
    assert "requests_app.views.photos.page" in set(readers_of_files())


def test_web_process_does_not_even_load_what_opens_files():
    script = """
import sys, django
django.setup()
from django.urls import get_resolver
get_resolver().url_patterns
import msa_portal.wsgi
opens = {"pypdf", "pyhanko", "pillow_heif", "requests_app.files.inspectors"}
opens |= {f"requests_app.files.inspection.{name}" for name in ("pdf", "photo", "heic", "seal", "pdf_filters")}
print(sorted(opens & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "msa_portal.settings"},
    )
    assert done.stdout.splitlines()[-1:] == ["[]"], done.stderr


# --- Whose files are taken at all ------------------------------------------------------------------


@pytest.mark.parametrize("place", ["/sign/made-up/", "/sign/made-up/paper/"])
def test_stranger_without_a_link_puts_nothing_in_line(client, mine, place):
    picture = "data:image/png;base64," + base64.b64encode(crafted.image("PNG")).decode()
    data = {"drawing": picture, "pages": crafted.upload(crafted.image())}
    assert (client.post(place, data).status_code, HeldForm.objects.count()) == (404, 0)


@pytest.mark.parametrize(
    "part",
    ["photos/", "device-documents/", "corrections/", "reschedule/", "agreement/sign/", "paper/"],
)
def test_nobody_puts_files_in_line_for_a_request_of_somebody_else(client, mine, part):
    client.force_login(factories.UserFactory())
    place = f"/requests/{mine.reference}/{part}"
    picture = "data:image/png;base64," + base64.b64encode(crafted.image("PNG")).decode()
    answer = client.post(place, {"photo": crafted.upload(crafted.image()), "drawing": picture})
    assert (answer.status_code, HeldForm.objects.count()) == (404, 0)


def test_files_that_nobody_sends_on_fill_no_disk(client, mine, settings):
    """They stay for a day: the line alone would let one person fill it as fast as inspectors work."""
    body = crafted.image()
    settings.MAX_WAITING_BYTES = 3 * len(body) - 1
    for _photo in range(2):
        sent(client, mine, body)
        inspectors.inspect_next()
    answer = client.post(address(mine), {"topic": PhotoTopic.CONDUIT, "photo": crafted.upload(body)}, follow=True)
    assert ("Too many files" in answer.text, Inspection.objects.count()) == (True, 2)


def test_names_and_text_that_the_database_refuses_are_not_kept(client, mine):
    """PostgreSQL takes no NUL, in JSON neither, and no name that is longer than its column."""
    odd = {"note": "a\0b", "n\0": "x", "p" * 200: crafted.upload(crafted.image()), "q\0": crafted.upload(b"?")}
    sent(client, mine, **odd)
    form = HeldForm.objects.get()
    assert "\\u0000" not in json.dumps(form.fields)
    assert form.fields["note"] == ["ab"]
    assert all(len(row.field) <= 80 and "\0" not in row.field for row in form.inspections.all())
