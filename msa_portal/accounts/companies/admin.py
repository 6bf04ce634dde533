"""Companies on the staff desk: looked up and verified there; who belongs to one is the company's own business (D21)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from msa_portal.accounts.companies import details, membership
from msa_portal.accounts.companies.forms import CompanyDetailsForm
from msa_portal.accounts.models import Company, Membership
from msa_portal.guards import user_of
from msa_portal.refusals import refusal_as_message, refusal_in_form


class CompanyChangeForm(CompanyDetailsForm, forms.ModelForm):
    """The managers' own form, with its checks."""

    class Meta:
        model = Company
        fields = details.EDITABLE

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        return cleaned


class VerifyForm(forms.Form):
    seen = forms.JSONField(widget=forms.HiddenInput)  # what was looked up
    license_expires_on = forms.DateField(
        label=gettext_lazy("License expires"),
        help_text=gettext_lazy("The expiry date that the CSLB's license lookup shows."),
        widget=forms.DateInput(attrs={"type": "date"}),
    )


class MembershipInline(admin.TabularInline):
    """To be seen. People join by accepting an invitation, and leave on the company's own page."""

    model = Membership
    extra = 0
    can_delete = False
    fields = ("user", "is_manager", "joined_at")
    readonly_fields = ("user", "is_manager", "joined_at")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class VerifiedFilter(admin.SimpleListFilter):
    title = gettext_lazy("verification")
    parameter_name = "verified"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("no", gettext_lazy("Not verified")),
            ("yes", gettext_lazy("Verified")),
            ("closed", gettext_lazy("Closed")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "closed":
            return queryset.filter(closed_at__isnull=False)
        if self.value() in {"yes", "no"}:
            return queryset.filter(closed_at__isnull=True, verified_at__isnull=self.value() == "no")
        return queryset


@admin.register(Company)
class CompanyAdmin(admin.ModelAdmin):
    form = CompanyChangeForm
    list_display = ["name", "license_number", "license_classification", "license_expires_on", "is_verified", "is_open"]
    list_filter = [VerifiedFilter]
    search_fields = ["name", "license_number"]
    readonly_fields = ["license_expires_on", "verified_at", "verified_by", "closed_at"]
    inlines = [MembershipInline]
    change_form_template = "admin/accounts/company/change_form.html"

    @admin.display(description=gettext_lazy("verified"), boolean=True)
    def is_verified(self, company: Company) -> bool:
        return company.is_verified

    @admin.display(description=gettext_lazy("open"), boolean=True)
    def is_open(self, company: Company) -> bool:
        return company.closed_at is None

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A company is registered by the people who manage it."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Company, form: Any, change: bool) -> None:
        """By the same door as its managers' changes."""
        with refusal_as_message(request):
            values = {name: form.cleaned_data[name] for name in details.EDITABLE}
            details.update_company(Company.objects.get(pk=obj.pk), by=user_of(request), **values)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/verify/", wrap(self.verify_view), name="accounts_company_verify"),
            path("<int:pk>/take-back/", wrap(require_POST(self.take_back_view)), name="accounts_company_take_back"),
            path(
                "<int:pk>/managers/<int:member>/",
                wrap(require_POST(self.make_manager_view)),
                name="accounts_company_make_manager",
            ),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        more = {
            "may_verify": request.user.has_perm("accounts.verify_company"),
            "may_make_manager": request.user.has_perm("accounts.change_membership"),
        }
        return super().change_view(request, object_id, form_url, (extra_context or {}) | more)

    def verify_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        company = self._company(request, pk, "accounts.verify_company")
        initial = {"license_expires_on": company.license_expires_on, "seen": details.verified_facts(company)}
        form = VerifyForm(request.POST or None, initial=initial)
        if form.is_valid():
            with refusal_in_form(form):
                details.verify(company, by=user_of(request), **form.cleaned_data)
                messages.success(request, _("%(company)s is verified.") % {"company": company.name})
                return redirect("admin:accounts_company_change", pk)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Verify a company"),
            "opts": self.opts,
            "company": company,
            "form": form,
        }
        return render(request, "admin/accounts/company/verify.html", context, status=422 if form.errors else 200)

    def take_back_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        company = self._company(request, pk, "accounts.verify_company")
        with refusal_as_message(request):
            details.take_back_verification(company, by=user_of(request))
            messages.success(request, _("%(company)s isn't verified anymore.") % {"company": company.name})
        return redirect("admin:accounts_company_change", pk)

    def make_manager_view(self, request: HttpRequest, pk: int, member: int) -> HttpResponse:
        """For a company whose managers can't be reached."""
        company = self._company(request, pk, "accounts.change_membership")
        colleague = get_object_or_404(company.memberships, pk=member)
        with refusal_as_message(request):
            membership.make_manager(colleague, by=user_of(request))
            messages.success(request, _("%(name)s is a manager now.") % {"name": colleague.user.name})
        return redirect("admin:accounts_company_change", pk)

    def _company(self, request: HttpRequest, pk: int, permission: str) -> Company:
        if not request.user.has_perm(permission):
            raise PermissionDenied
        return get_object_or_404(Company, pk=pk)
