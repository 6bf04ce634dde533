"""The portal's addresses, one view that does nothing, and one that stores a row and does nothing else."""

from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from msa_portal import urls
from payments.models import ProviderEvent

handler400 = urls.handler400


def bare(_http: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


@csrf_exempt
def store(_http: HttpRequest) -> HttpResponse:
    ProviderEvent.objects.create(event_id=f"evt_{uuid4().hex}", type="bare", object_id="bare")
    return HttpResponse(status=200)


urlpatterns = [path("bare/", bare), path("bare/store/", store), *urls.urlpatterns]
