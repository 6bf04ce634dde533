"""Guided photos: optional, kept when retaken, evidence for rules, shown to whom they concern."""

from __future__ import annotations

import io

import pytest
from django.urls import reverse
from PIL import Image

from msa_portal.errors import Refused
from requests_app import eligibility
from requests_app.enums import PhotoTopic, RequestType, ScanState
from requests_app.files import site_photos
from requests_app.models import Document, MSARequest
from tests import factories
from tests.requests_app.readiness.pictures import jpeg, upload

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def place_of(msa_request: MSARequest) -> str:
    return reverse("requests:photos", args=[msa_request.reference])


@pytest.fixture
def request_(client) -> MSARequest:
    msa_request = factories.complete_request()
    client.force_login(msa_request.owner)
    return msa_request


def test_each_photo_is_evidence_for_rules_that_exist():
    assert {guide.topic for guide in site_photos.GUIDES} == set(PhotoTopic)
    assert {rule for guide in site_photos.GUIDES for rule in guide.rules} <= set(eligibility.BY_NUMBER)
    assert site_photos.TOPICS_OF_RULE["E8"] == (PhotoTopic.PANEL_LABEL,)
    assert site_photos.TOPICS_OF_RULE["E1"] == ()


@pytest.mark.parametrize(
    ("request_type", "topics"),
    [
        (RequestType.INSTALL, list(PhotoTopic)),
        (RequestType.REPLACEMENT, list(PhotoTopic)),
        (RequestType.REMOVAL, [PhotoTopic.METER_SOCKET]),
        (RequestType.MAINTENANCE, [PhotoTopic.METER_SOCKET]),
        ("", []),
    ],
)
def test_only_photos_for_rules_of_the_type_are_asked_for(request_type, topics):
    """D11."""
    assert [guide.topic for guide in site_photos.guides_for(request_type)] == topics


def test_retaken_photo_replaces_the_old_one_which_is_kept(request_):
    owner = request_.owner
    old = site_photos.add(request_, upload(), topic=PhotoTopic.CONDUIT, by=owner)
    other = site_photos.add(request_, upload(), topic=PhotoTopic.PACKAGE, by=owner)
    new = site_photos.add(request_, upload(jpeg("red")), topic=PhotoTopic.CONDUIT, by=owner)
    old.refresh_from_db()
    assert site_photos.current(request_) == {"conduit": new, "package": other}
    assert (old.replaced_at is not None, old.file.storage.exists(old.file.name)) == (True, True)


def test_photo_that_is_refused_leaves_the_old_one(request_):
    kept = site_photos.add(request_, upload(), topic=PhotoTopic.CONDUIT, by=request_.owner)
    with pytest.raises(Refused):
        site_photos.add(request_, upload(b"<html>"), topic=PhotoTopic.CONDUIT, by=request_.owner)
    assert site_photos.current(request_) == {"conduit": kept}


def test_photo_that_the_type_does_not_ask_for_is_refused():
    msa_request = factories.complete_request(request_type="removal", existing_adapter="msa", device=None)
    with pytest.raises(Refused) as refused:
        site_photos.add(msa_request, upload(), topic=PhotoTopic.PACKAGE, by=msa_request.owner)
    assert refused.value.code == "topic_not_asked"


def test_stranger_adds_and_removes_nothing(request_):
    site_photos.add(request_, upload(), topic=PhotoTopic.CONDUIT, by=request_.owner)
    stranger = factories.UserFactory()
    for act in (
        lambda: site_photos.add(request_, upload(), topic=PhotoTopic.CONDUIT, by=stranger),
        lambda: site_photos.remove(request_, topic=PhotoTopic.CONDUIT, by=stranger),
    ):
        with pytest.raises(Refused):
            act()
    assert Document.objects.current().count() == 1


def test_closed_request_takes_no_photo():
    msa_request = factories.withdrawn()
    with pytest.raises(Refused) as refused:
        site_photos.add(msa_request, upload(), topic=PhotoTopic.PACKAGE, by=msa_request.owner)
    assert refused.value.code == "closed"


def test_upload_without_script_comes_back_to_the_step(client, request_):
    answer = client.post(place_of(request_), {"topic": "package", "photo": upload()})
    assert answer.url == f"{reverse('requests:form', args=[request_.reference, 'photos'])}#photo-package"
    page = client.get(answer.url).content.decode()
    photo = site_photos.current(request_)["package"]
    assert reverse("requests:photo", args=[request_.reference, photo.pk]) in page
    assert ("The photo is saved." in page, "Retake" in page) == (True, True)


def test_script_gets_the_card_back(client, request_):
    answer = client.post(place_of(request_), {"card": "1", "topic": "package", "photo": upload()})
    card = answer.content.decode()
    assert (answer.status_code, 'id="photo-package"' in card, "<html" in card) == (200, True, False)
    answer = client.post(place_of(request_), {"card": "1", "topic": "package", "photo": upload(b"MZ")})
    card = answer.content.decode()
    assert (answer.status_code, "Retake" in card, 'aria-invalid="true"' in card) == (422, True, True)
    assert "not a photo" in card


def test_refused_upload_without_script_says_what_to_do(client, request_):
    page = client.post(place_of(request_), {"topic": "package"}, follow=True).content.decode()
    assert "No photo came with it. Take or choose one, then send it." in page


def test_photo_is_removed_and_kept_on_the_record(client, request_):
    site_photos.add(request_, upload(), topic=PhotoTopic.PACKAGE, by=request_.owner)
    client.post(place_of(request_), {"topic": "package", "remove": "1"})
    assert (site_photos.current(request_), Document.objects.count()) == ({}, 1)


def test_unknown_topic_is_not_found(client, request_):
    assert client.post(place_of(request_), {"topic": "selfie", "photo": upload()}).status_code == 404


def test_photos_can_be_sent_after_the_request(client):
    """The package is often put up days later."""
    msa_request = factories.submitted()
    client.force_login(msa_request.owner)
    assert client.get(place_of(msa_request)).status_code == 200
    answer = client.post(place_of(msa_request), {"topic": "package", "photo": upload()})
    assert answer.url == f"{place_of(msa_request)}#photo-package"
    assert list(site_photos.current(msa_request)) == ["package"]


def test_step_is_optional(client, request_):
    page = client.get(reverse("requests:form", args=[request_.reference, "photos"])).content.decode()
    assert "capture=" not in page
    assert reverse("requests:form", args=[request_.reference, "review"]) in page


def test_small_copy_is_inert_and_private(client, request_):
    photo = site_photos.add(request_, upload(), topic=PhotoTopic.PACKAGE, by=request_.owner)
    answer = client.get(reverse("requests:photo", args=[request_.reference, photo.pk]))
    with Image.open(io.BytesIO(answer.content)) as image:
        assert (image.format, max(image.size)) == ("JPEG", site_photos.THUMBNAIL_SIDE)
    assert {name: answer[name] for name in ("Content-Type", "X-Content-Type-Options", "Content-Security-Policy")} == {
        "Content-Type": "image/jpeg",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    assert answer["Cache-Control"].startswith("private")


def test_small_copy_is_for_those_who_may_see_the_request(client, request_):
    photo = site_photos.add(request_, upload(), topic=PhotoTopic.PACKAGE, by=request_.owner)
    address = reverse("requests:photo", args=[request_.reference, photo.pk])
    theirs = factories.complete_request()
    across = reverse("requests:photo", args=[theirs.reference, photo.pk])
    client.force_login(theirs.owner)
    assert [client.get(url).status_code for url in (address, across)] == [404, 404]
    client.force_login(factories.staff())
    assert client.get(address).status_code == 200


def test_photo_in_quarantine_is_not_shown(client, request_):
    photo = site_photos.add(request_, upload(), topic=PhotoTopic.PACKAGE, by=request_.owner)
    Document.objects.filter(pk=photo.pk).update(scan=ScanState.WAITING)
    assert client.get(reverse("requests:photo", args=[request_.reference, photo.pk])).status_code == 404
    page = client.get(reverse("requests:form", args=[request_.reference, "photos"])).content.decode()
    assert ("being checked for viruses" in page, '<img src="/requests' in page) == (True, False)
