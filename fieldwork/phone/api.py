"""What the field app asks of the server: its day, acts at a visit, photos in chunks, reports.

The phone repeats whatever it got no answer for, so everything here may come several times, also at once.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import IO, Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from rest_framework import exceptions, status
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fieldwork.models import CloseOut, PhotoUpload, SiteVisit, Technician
from fieldwork.phone import clock, contacts, give_backs, report_submission, shell, sync, uploads
from fieldwork.phone.auth import IsTechnician, PhoneSession
from fieldwork.phone.serializers import AnnouncedSerializer, GiveBackSerializer, MomentSerializer, ReportSerializer
from fieldwork.visits import closeouts, orders, outcome_text
from msa_portal.accounts.models import User
from msa_portal.api import problem
from msa_portal.business_days.calendar import local_day
from msa_portal.guards import Guard
from requests_app.enums import VisitOutcome

# "On my way" is news for so long; a customer who reads it later is misled.
_NEWS = timedelta(minutes=30)
_LONGEST_NAME = 64


class PhoneView(APIView):
    """Not in the public API's description: the app and the server are of one version.

    Each answer, a refusal too, repeats what the phone calls the request and the hash of its body as it arrived: the phone
    believes nothing else (fault 65).
    """

    schema = None
    authentication_classes = (PhoneSession,)
    permission_classes = (IsTechnician,)
    guard = Guard.TECHNICIAN

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.body_hash = hashlib.sha256(request._request.body).hexdigest()
        super().initial(request, *args, **kwargs)
        contacts.record(self.technician, request.headers.get("X-Phone-Unsent", ""), timezone.now())

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        asked = request.headers.get("X-Phone-Request", "")[:_LONGEST_NAME]
        if asked and isinstance(getattr(response, "data", None), dict):
            at = timezone.now().isoformat()
            response.data["echo"] = {"request": asked, "hash": getattr(self, "body_hash", ""), "at": at}
        return super().finalize_response(request, response, *args, **kwargs)

    @property
    def technician(self) -> Technician:
        return self.request.technician  # type: ignore[attr-defined]  # IsTechnician puts it there

    @property
    def user(self) -> User:
        return self.technician.user

    @property
    def phone_now(self) -> str | None:
        return self.request.headers.get("X-Phone-Time")

    def visits(self) -> QuerySet[SiteVisit]:
        return SiteVisit.objects.select_related("order__round__msa_request__device", "technician__user")

    def reported_visit(self, pk: int) -> SiteVisit:
        """Also one that was given to another meanwhile: evidence is kept (fault 20)."""
        visit = get_object_or_404(self.visits(), pk=pk)
        if not orders.was_given_to(visit, self.user):
            raise Http404
        return visit

    def checked(self, kind: Any) -> Any:
        serializer = kind(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data


class WhoView(PhoneView):
    def get(self, request: Request) -> Response:
        return _fresh({"technician": sync.person(self.technician), "server_time": timezone.now()} | _page(request))


class DayView(PhoneView):
    def get(self, request: Request) -> Response:
        now = timezone.now()
        on = local_day(now)
        if text := request.query_params.get("on"):
            try:
                chosen = parse_date(text)
            except ValueError:
                chosen = None
            if chosen is None:
                raise exceptions.ValidationError({"on": [_("Give a day as 2026-11-30.")]})
            on = chosen
        return _fresh(sync.day_of(self.technician, on) | {"server_time": now} | _page(request))


class ActView(PhoneView):
    """What a technician does at a visit that is theirs; a phone without coverage may tell of it later."""

    name: str
    serializer: type = MomentSerializer

    def post(self, request: Request, pk: int) -> Response:
        visit = self.reported_visit(pk)
        sent = self.checked(self.serializer)
        at = clock.when(sent["at"], self.phone_now, timezone.now(), seconds_ago=sent["seconds_ago"])
        visit = self.act(visit, at, sent)
        expected = visit.expected_at.isoformat() if visit.expected_at else None
        told = {"state": visit.state, "state_text": visit.get_state_display(), "expected_at": expected}
        return _fresh(told | {"visit": pk, "act": self.name})

    def act(self, visit: SiteVisit, at: Any, sent: dict[str, Any]) -> SiteVisit:
        raise NotImplementedError


class OnMyWayView(ActView):
    name = "on-my-way"

    def act(self, visit: SiteVisit, at: Any, sent: dict[str, Any]) -> SiteVisit:
        """Old news is not told."""
        return closeouts.on_my_way(visit, by=self.user) if timezone.now() - at <= _NEWS else visit


class OnSiteView(ActView):
    name = "on-site"

    def act(self, visit: SiteVisit, at: Any, sent: dict[str, Any]) -> SiteVisit:
        return closeouts.go_on_site(visit, by=self.user, at=at)


class GiveBackView(ActView):
    name = "give-back"
    serializer = GiveBackSerializer

    def act(self, visit: SiteVisit, at: Any, sent: dict[str, Any]) -> SiteVisit:
        return give_backs.give_back(visit, by=self.user, reason=sent["reason"], on=sent["on"], act=sent["id"])


class OffSiteView(ActView):
    name = "off-site"

    def act(self, visit: SiteVisit, at: Any, sent: dict[str, Any]) -> SiteVisit:
        """Sent twice, the second finds it done."""
        is_done = visit.state == SiteVisit.State.SCHEDULED
        return visit if is_done else closeouts.undo_on_site(visit, by=self.user)


class PhotosView(PhoneView):
    def post(self, request: Request, report: UUID) -> Response:
        sent = self.checked(AnnouncedSerializer)
        visit = self.reported_visit(sent["visit"])
        received, is_new = uploads.announce(
            visit, self.technician, report, sent["sha256"], sent["size"], keep=sent.get("keep")
        )
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return _fresh({"received": received} | _photo(report, sent["sha256"]), code)


class ChunkParser(BaseParser):
    media_type = "application/offset+octet-stream"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        """One byte more than is taken shows that there are too many."""
        return stream.read(uploads.CHUNK_BYTES + 1)


class PhotoView(PhoneView):
    parser_classes = (ChunkParser,)

    def _upload(self, report: UUID, sha256: str) -> PhotoUpload:
        mine = PhotoUpload.objects.filter(technician=self.technician)
        return get_object_or_404(mine, close_out_id=report, sha256=sha256)

    def get(self, request: Request, report: UUID, sha256: str) -> Response:
        upload = self._upload(report, sha256)
        return _fresh({"received": upload.received, "size": upload.size} | _photo(report, sha256))

    def patch(self, request: Request, report: UUID, sha256: str) -> Response:
        upload = self._upload(report, sha256)
        offset = request.headers.get("Upload-Offset", "")
        if not (offset.isdecimal() and offset.isascii() and len(offset) < 12):
            raise exceptions.ValidationError({"Upload-Offset": [_("Say where in the photo the chunk begins.")]})
        chunk: Any = request.data
        if len(chunk) > uploads.CHUNK_BYTES:
            limit = _("A chunk has at most %(bytes)s bytes.") % {"bytes": uploads.CHUNK_BYTES}
            return problem("too_large", limit, status.HTTP_413_REQUEST_ENTITY_TOO_LARGE)
        try:
            return _fresh({"received": uploads.append(upload, int(offset), chunk)} | _photo(report, sha256))
        except uploads.WrongOffset as wrong:
            answer = problem(wrong.code, str(wrong), status.HTTP_409_CONFLICT)
            answer.data["received"] = wrong.received
            return answer
        except uploads.Damaged as damaged:
            answer = problem(damaged.code, str(damaged), status.HTTP_422_UNPROCESSABLE_ENTITY)
            answer.data["received"] = 0
            return answer


class ReportView(PhoneView):
    def put(self, request: Request, report: UUID) -> Response:
        sent = self.checked(ReportSerializer)
        visit = self.reported_visit(sent["visit"])
        off = clock.seconds_ahead(self.phone_now, timezone.now())
        try:
            kept = report_submission.from_phone(visit, report, sent, by=self.technician, clock_off_seconds=off)
        except report_submission.PhotosMissing as without:
            answer = problem(without.code, str(without), status.HTTP_409_CONFLICT)
            answer.data["missing"] = without.missing
            return answer
        except report_submission.PhotosWaiting as waiting:
            answer = _fresh({"code": waiting.code, "detail": str(waiting)}, status.HTTP_202_ACCEPTED)
            answer["Retry-After"] = "2"
            return answer
        return _fresh(_answer(kept))


def _page(request: Request) -> dict[str, str]:
    """What a phone writes with, and which version of the app it should have by now (fault 57)."""
    return {"csrf": get_token(request), "app_version": shell.version()}


def _photo(report: UUID, sha256: str) -> dict[str, str]:
    return {"id": str(report), "sha256": sha256}


def _answer(kept: CloseOut) -> dict[str, Any]:
    has_flyer = kept.accepted and kept.outcome == VisitOutcome.UNSUCCESSFUL
    return {
        "id": str(kept.pk),
        "photos": kept.photos.count(),
        "accepted": kept.accepted,
        "conflict": kept.conflict,
        "conflict_text": outcome_text.conflict_text(kept) if kept.conflict else "",
        "told": outcome_text.customer_is_told(kept),
        "flyer": reverse("fieldwork:flyer", args=[kept.visit_id]) if has_flyer else "",
        "received_at": kept.received_at.isoformat(),
        "clock_off_seconds": kept.clock_off_seconds,
    }


def _fresh(body: dict[str, Any], code: int = status.HTTP_200_OK) -> Response:
    """Never kept by a browser or what stands between."""
    return Response(body, status=code, headers={"Cache-Control": "no-store"})
