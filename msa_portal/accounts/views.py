from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Where a person's work is: the field app, the staff desk, or their requests."""
    if request.user.is_technician:
        return redirect("/field/")
    if request.user.is_staff:
        return redirect("admin:index")
    return redirect("/requests/")


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    return render(request, "account/profile.html")


@login_required
def company(request: HttpRequest) -> HttpResponse:
    return render(request, "account/company.html")
