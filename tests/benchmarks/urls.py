"""The portal's addresses, and one view that does nothing."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from msa_portal import urls

handler400 = urls.handler400


def bare(_http: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


urlpatterns = [path("bare/", bare), *urls.urlpatterns]
