"""Posts with files: held until inspectors have opened the files, then sent on by the sender's browser (ADR 32).

The view behind `takes_files` runs once, with what was typed and with files that are opened already.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from functools import partial, wraps
from typing import Any, Concatenate
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from msa_portal.accounts.models import User
from msa_portal.errors import Refused
from requests_app.enums import Inspect, InspectionState
from requests_app.files import inspections, uploads
from requests_app.files.inspections import Inspected, Sender, Verdict
from requests_app.models import HeldForm, Inspection
from requests_app.views.secret_links import secret_page, with_form

FIELD = "held"
_PNG = "data:image/png;base64,"
_LONGEST_NAME = 80  # of a field; ours are shorter
_NEVER_KEPT = ("csrfmiddlewaretoken", FIELD)

type _View[R, **P] = Callable[Concatenate[R, P], HttpResponseBase]
type _Sent = list[tuple[str, UploadedFile[Any]]]


def takes_files[R: HttpRequest, **P](
    view: _View[R, P] | None = None,
    *,
    first: Callable[Concatenate[R, P], object],
    drawings: tuple[str, ...] = (),
    seal: bool = False,
    knows: Callable[[str], bool] = lambda _sha256: False,
) -> Any:
    """A view that reads `request.FILES`: it gets each file as `Inspected`.

    `first` is asked before anything is kept, with what the view gets: it raises `Http404` where the sender may not
    send files here, and `Refused` where the view itself says why it takes none.
    `drawings` names fields with a PNG as a data address, which come as files too. With `seal` PDFs are opened for
    their seal alone, in the line of strangers, unless their SHA-256 is one that `knows`.
    """
    if view is None:
        return partial(takes_files, first=first, drawings=drawings, seal=seal, knows=knows)
    target = view

    @wraps(target)
    def wrapped(request: R, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.method != "POST":
            return target(request, *args, **kwargs)
        if FIELD in request.POST:
            return _go_on(request, lambda: target(request, *args, **kwargs))
        sent = list(_files_of(request, drawings))
        if not sent:
            return target(request, *args, **kwargs)
        try:
            first(request, *args, **kwargs)
        except Refused:
            return target(request, *args, **kwargs)
        form = _hold(request, sent, seal=seal, knows=knows, drawings=drawings)
        return _wait(request, form) if form else target(request, *args, **kwargs)

    wrapped.takes_files = True  # type: ignore[attr-defined]  # read by a test
    return wrapped


def everybody(_request: HttpRequest) -> None:
    """`first` of a public page."""


def _files_of(request: HttpRequest, drawings: tuple[str, ...]) -> Iterator[tuple[str, UploadedFile[Any]]]:
    for field, files in request.FILES.lists():
        for file in files:
            yield field, file
    for field in drawings:
        if address := request.POST.get(field, ""):
            yield field, SimpleUploadedFile(f"{field}.png", _picture(address), "image/png")


def _picture(address: str) -> bytes:
    try:
        return base64.b64decode(address.removeprefix(_PNG), validate=True)
    except (binascii.Error, ValueError):
        return b"?"


def _hold(
    request: HttpRequest, sent: _Sent, *, seal: bool, knows: Callable[[str], bool], drawings: tuple[str, ...]
) -> HeldForm | None:
    """Put the files in line; None where each is decided already, and stands in the request as such."""
    sender = Sender.of(request, is_stranger=seal)
    looked_at = [(field, file, *_first_look(file, seal=seal, knows=knows)) for field, file in sent]
    undecided = [row for row in looked_at if row[2] is None]
    if undecided and not inspections.has_room(sender, [len(body) for *_row, body in undecided]):
        looked_at = [_refused(row, "line_full") for row in looked_at]
        undecided = []
    if not undecided:
        _give(request, request.POST, [(field, _decided(file, verdict)) for field, file, verdict, *_ in looked_at])
        return None
    with transaction.atomic():
        form = HeldForm.objects.create(
            person=request.user if isinstance(request.user, User) else None,
            path=request.get_full_path()[:500],
            page=_page_of(request)[:500],
            fields={
                _storable(name): [_storable(value) for value in values]
                for name, values in request.POST.lists()
                if name not in _NEVER_KEPT and name not in drawings
            },
        )
        for sent_as, file, verdict, what, body in looked_at:
            field = _storable(sent_as)[:_LONGEST_NAME]
            if verdict is None:
                inspections.line_up(body, what, sender=sender, name=file.name or "", form=form, field=field)
            else:
                _keep_decided(form, field, file, verdict, sender)
    return form


def _storable(text: str) -> str:
    """PostgreSQL takes no NUL."""
    return text.replace("\0", "")


def _first_look(
    file: UploadedFile[Any], *, seal: bool, knows: Callable[[str], bool]
) -> tuple[Verdict | None, Inspect, bytes]:
    """What can be said without opening the file; None where an inspector must."""
    try:
        uploads.check_size(file)
    except Refused as refusal:
        return Verdict("", {"refused": refusal.code}), Inspect.PHOTO, b""
    file.seek(0)
    body = file.read()
    what = inspections.at_first_sight(body, only_seal=seal)
    sha256 = uploads.sha256_of(body)
    if knows(sha256) or what is None:
        return Verdict(sha256, {"refused": "not_a_photo"}), Inspect.PHOTO, b""
    return None, what, body


def _refused(row: tuple[str, UploadedFile[Any], Verdict | None, Inspect, bytes], code: str) -> Any:
    field, file, verdict, what, body = row
    return field, file, verdict or Verdict("", {"refused": code}), what, body


def _decided(file: UploadedFile[Any], verdict: Verdict | None) -> Inspected:
    assert verdict is not None  # noqa: S101  (the caller has sorted out the others)
    return Inspected(verdict, name=file.name or "", size=file.size or 0)


def _keep_decided(form: HeldForm, field: str, file: UploadedFile[Any], verdict: Verdict, sender: Sender) -> None:
    Inspection.objects.create(
        form=form,
        field=field,
        what=Inspect.PHOTO,
        person=sender.person,
        address=sender.address,
        is_stranger=sender.is_stranger,
        state=InspectionState.DONE,
        name=(file.name or "")[-255:],
        size=file.size or 0,
        sha256=verdict.sha256,
        answer=verdict.answer,
    )


def _page_of(request: HttpRequest) -> str:
    """Where its form stands: the page that sent it, else the view itself."""
    address = request.headers.get("Referer") or ""
    parts = urlsplit(address)
    # Pages behind emailed links tell the host alone.
    if parts.path.strip("/") and url_has_allowed_host_and_scheme(address, {request.get_host()}):
        return f"{parts.path}?{parts.query}" if parts.query else parts.path
    return request.get_full_path()


def _give(request: HttpRequest, fields: QueryDict, files: list[tuple[str, Inspected]]) -> None:
    """What the view reads from now on."""
    by_field: MultiValueDict[str, UploadedFile[Any]] = MultiValueDict()
    for field, file in files:
        by_field.appendlist(field, file)
    request.POST = fields  # type: ignore[assignment]  # WSGIRequest has a setter
    request._files = by_field  # type: ignore[attr-defined]  # and none for this


def _wait(request: HttpRequest, form: HeldForm) -> HttpResponseBase:
    address = reverse("requests:held", args=[form.pk])
    if request.headers.get("X-Waits-Here"):
        return JsonResponse({"held": str(form.pk), "address": address, **_state(form)}, status=202)
    return redirect(address)


def _go_on(request: HttpRequest, view: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """The browser sends a held form on. Sent twice, it is carried out once; where the view fails, it waits on."""
    form = _mine(request, request.POST.get(FIELD, ""))
    if form.path != request.get_full_path():
        raise Http404
    rows = list(form.inspections.order_by("created_at", "pk"))
    if form.sent_at is None and any(row.state != InspectionState.DONE for row in rows):
        return _wait(request, form)
    if not _claim(form):
        messages.info(request, _("This form was sent before. Nothing was sent twice."))
        return redirect(form.page)
    fields = QueryDict(mutable=True)
    for name, values in form.fields.items():
        fields.setlist(name, values)
    _give(
        request,
        fields,
        [(row.field, Inspected(inspections.verdict_of(row), name=row.name, size=row.size)) for row in rows],
    )
    try:
        response = view()
    except BaseException:
        _release(form)
        raise
    if response.status_code >= 500:
        _release(form)
        return response
    HeldForm.objects.filter(pk=form.pk).update(fields={})
    inspections.forget(form.inspections.all())
    return response


def _claim(form: HeldForm) -> bool:
    return bool(HeldForm.objects.filter(pk=form.pk, sent_at=None).update(sent_at=timezone.now()))


def _release(form: HeldForm) -> None:
    HeldForm.objects.filter(pk=form.pk).update(sent_at=None)


def _mine(request: HttpRequest, pk: str) -> HeldForm:
    try:
        number = UUID(pk)
    except ValueError as error:
        raise Http404 from error
    person = request.user if isinstance(request.user, User) else None
    return get_object_or_404(HeldForm, pk=number, person=person)


def _state(form: HeldForm) -> dict[str, Any]:
    """Whether it can be sent on, and how far it is, in words."""
    rows = list(form.inspections.all())
    waiting = [row for row in rows if row.state != InspectionState.DONE]
    return {"ready": not waiting, "text": _progress(rows, waiting) if waiting else _("Your file is checked.")}


def _progress(rows: list[Inspection], waiting: list[Inspection]) -> str:
    place = min(inspections.place_in_line(row) for row in waiting)
    done = ngettext(
        "%(done)s of %(count)s file is checked.", "%(done)s of %(count)s files are checked.", len(rows)
    ) % {"done": len(rows) - len(waiting), "count": len(rows)}
    line = _("We're checking it now.") if place == 0 else _("You're number %(place)s in line.") % {"place": place}
    return line if len(rows) == 1 else f"{done} {line}"


@secret_page
@require_safe
def page(request: HttpRequest, held: UUID) -> HttpResponseBase:
    """How far a held form's files are: JSON for the page's script, else the page. It sends itself on when it's ready."""
    form = _mine(request, str(held))
    if form.sent_at is not None:
        return redirect(form.page)
    state = _state(form)
    if request.headers.get("Accept") == "application/json":
        return JsonResponse(state)
    return with_form(render(request, "requests_app/held.html", {"held": form, **state}))
