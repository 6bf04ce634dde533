from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def landing(request: HttpRequest) -> HttpResponse:
    return render(request, "public/landing.html")


def help_index(request: HttpRequest) -> HttpResponse:
    return render(request, "public/help.html")


def help_topic(request: HttpRequest, slug: str) -> HttpResponse:
    return render(request, "public/help.html")
