"""The portal's addresses, and views to compare with: nothing, a stored row, a page of one query and one template."""

from uuid import uuid4

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from msa_portal import urls
from payments.models import ProviderEvent
from requests_app.models import MSARequest

handler400 = urls.handler400
_PAGE = engines["django"].from_string('{% extends "base.html" %}{% block content %}<h1>{{ row }}</h1>{% endblock %}')


def bare(_http: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


@csrf_exempt
def store(_http: HttpRequest) -> HttpResponse:
    ProviderEvent.objects.create(event_id=f"evt_{uuid4().hex}", type="bare", object_id="bare")
    return HttpResponse(status=200)


@login_required
def signed_in(request: HttpRequest) -> HttpResponse:
    """The least that a page of ours can be: who asks, one row, the frame around it."""
    return HttpResponse(_PAGE.render({"row": MSARequest.objects.filter(owner=request.user.pk).first()}, request))


urlpatterns = [
    path("bare/", bare),
    path("bare/store/", store),
    path("bare/page/", signed_in),
    *urls.urlpatterns,
]
