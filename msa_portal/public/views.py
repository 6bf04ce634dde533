from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from msa_portal.guards import public
from msa_portal.help import search
from msa_portal.help.topics import TOPICS, topic
from msa_portal.middleware import too_large


@public
def landing(request: HttpRequest) -> HttpResponse:
    return render(request, "public/landing.html")


@public
def help_index(request: HttpRequest) -> HttpResponse:
    query = request.GET.get("q", "").strip()[:100]
    matches = search.find(query) if query else []
    return render(request, "public/help.html", {"query": query, "matches": matches, "topics": TOPICS})


@public
def help_topic(request: HttpRequest, slug: str) -> HttpResponse:
    entry = topic(slug)
    if entry is None:
        raise Http404
    context = {"topic": entry, "related": [topic(other) for other in entry.related]}
    return render(request, "public/help_topic.html", context)


@public
def body_too_large(request: HttpRequest) -> HttpResponse:
    """What the proxy shows for a body that it doesn't take in (proxy/nginx.conf)."""
    return too_large(request)


def bad_request(request: HttpRequest, exception: Any) -> HttpResponse:
    """Django's answer to what it cannot read; what is merely too large is told so (fault 33)."""
    if isinstance(exception, RequestDataTooBig):
        return too_large(request)
    return render(request, "400.html", status=400)
