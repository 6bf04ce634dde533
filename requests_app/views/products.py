from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from msa_portal.guards import public
from requests_app.models import Product


@public
def products(request: HttpRequest) -> HttpResponse:
    """The Approved Product List as it is today (E6)."""
    approved = Product.objects.approved_on(timezone.localdate())
    return render(request, "requests_app/products.html", {"products": approved})
