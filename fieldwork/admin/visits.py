"""Service orders, and the page that schedules a visit."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from fieldwork import learning
from fieldwork.admin import metrics
from fieldwork.admin.base import ReadOnlyAdmin
from fieldwork.models import ServiceOrder, SiteVisit, Technician
from fieldwork.schedule import positions
from fieldwork.visits import closeouts, orders
from fieldwork.visits.checklists import checks_of
from msa_portal.business_days.calendar import local_day
from msa_portal.guards import user_of
from msa_portal.refusals import refusal_in_form


class PositionForm(forms.ModelForm):
    """All that a dispatcher changes of an order: where the van goes."""

    class Meta:
        model = ServiceOrder
        fields = ["latitude", "longitude"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, words in _POSITION_WORDS.items():
            if name in self.fields:
                self.fields[name].required = True
                self.fields[name].error_messages["required"] = words


_POSITION_WORDS = {
    "latitude": gettext_lazy("Enter degrees north, such as 34.142508."),
    "longitude": gettext_lazy("Enter degrees east, negative in California, such as -117.998112."),
}


@admin.register(ServiceOrder)
class ServiceOrderAdmin(ReadOnlyAdmin):
    form = PositionForm
    fields = [
        "number",
        "reference",
        "place",
        "state",
        "issued_at",
        "due_on",
        "district",
        "position_source",
        "latitude",
        "longitude",
    ]
    readonly_fields = ["number", "reference", "place", "state", "issued_at", "due_on", "district", "position_source"]
    list_display = ["number", "reference", "state", "issued_at", "due_on"]
    list_filter = ["state"]
    search_fields = ["number", "round__msa_request__reference"]
    list_select_related = ["round__msa_request"]

    @admin.display(description=gettext_lazy("request"))
    def reference(self, row: ServiceOrder) -> str:
        return str(row.round.msa_request)

    @admin.display(description=gettext_lazy("place"))
    def place(self, row: ServiceOrder) -> str:
        return row.round.msa_request.full_address

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("fieldwork.schedule_sitevisit")

    def save_model(self, request: HttpRequest, obj: ServiceOrder, form: Any, change: bool) -> None:
        if form.changed_data:
            position = (form.cleaned_data["latitude"], form.cleaned_data["longitude"])
            positions.move_position(obj, *position, by=user_of(request))


class ScheduleForm(forms.Form):
    technician = forms.ModelChoiceField(
        label=gettext_lazy("Meter technician"),
        queryset=Technician.objects.filter(is_active=True).select_related("user"),
        error_messages={"required": gettext_lazy("Choose who goes there.")},
    )
    scheduled_on = forms.DateField(
        label=gettext_lazy("Day"),
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": gettext_lazy("Choose a business day.")},
    )
    window = forms.ChoiceField(
        label=gettext_lazy("Window"),
        choices=SiteVisit.Window.choices,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose morning or afternoon.")},
    )


class OffSiteForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why the technician isn't on site"),
        max_length=200,
        error_messages={"required": gettext_lazy("Say why the technician isn't on site.")},
    )


class WaitingFilter(admin.SimpleListFilter):
    title = gettext_lazy("what waits")
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("schedule", gettext_lazy("To be scheduled")),
            ("today", gettext_lazy("Today")),
            ("late", gettext_lazy("Late: the day is past")),
            ("held", gettext_lazy("Look first: a new rule speaks against it")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        today = local_day(timezone.now())
        match self.value():
            case "schedule":
                return queryset.filter(state=SiteVisit.State.UNSCHEDULED).order_by("order__due_on")
            case "today":
                return queryset.filter(scheduled_on=today)
            case "late":
                return queryset.open().filter(scheduled_on__lt=today)
            case "held":
                return learning.held(queryset)
        return queryset


@admin.register(SiteVisit)
class SiteVisitAdmin(ReadOnlyAdmin):
    change_list_template = "admin/fieldwork/sitevisit/change_list.html"
    list_display = ["order", "reference", "place", "state", "technician", "scheduled_on", "window", "due_on"]
    list_filter = [WaitingFilter, "state", "technician", "scheduled_on"]
    search_fields = ["order__number", "order__round__msa_request__reference", "order__round__msa_request__city"]
    list_select_related = ["order__round__msa_request", "technician__user"]

    @admin.display(description=gettext_lazy("request"))
    def reference(self, row: SiteVisit) -> str:
        return str(row.order.round.msa_request)

    @admin.display(description=gettext_lazy("place"))
    def place(self, row: SiteVisit) -> str:
        return row.order.round.msa_request.full_address

    @admin.display(description=gettext_lazy("due"), ordering="order__due_on")
    def due_on(self, row: SiteVisit) -> Any:
        return row.order.due_on

    def get_urls(self) -> list[URLPattern]:
        name = "fieldwork_sitevisit_schedule"
        return [
            path("<int:pk>/schedule/", self.admin_site.admin_view(self.schedule_view), name=name),
            path(
                "<int:pk>/off-site/",
                self.admin_site.admin_view(require_POST(self.off_site_view)),
                name="fieldwork_sitevisit_off_site",
            ),
            *metrics.urls(self.admin_site),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The visit's page is the page that schedules it."""
        return redirect("admin:fieldwork_sitevisit_schedule", object_id)

    def schedule_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_view_permission(request):
            return redirect("admin:index")
        rows = self.get_queryset(request).select_related("order__round__msa_request__device", "technician__user")
        visit = get_object_or_404(rows, pk=pk)
        form = ScheduleForm(self._posted(request), initial=self._initial(visit))
        if form.is_valid():
            with refusal_in_form(form):
                orders.schedule(
                    visit,
                    by=user_of(request),
                    technician=form.cleaned_data["technician"],
                    on=form.cleaned_data["scheduled_on"],
                    window=form.cleaned_data["window"],
                )
                messages.success(request, _("Planned. The customer is told now."))
                return redirect("admin:fieldwork_sitevisit_changelist")
        return self._page(request, visit, form)

    def off_site_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The technician isn't on site, whatever was tapped: dispatch says why (D25)."""
        if not request.user.has_perm("fieldwork.schedule_sitevisit"):
            raise Http404
        rows = self.get_queryset(request).select_related("order__round__msa_request__device", "technician__user")
        visit = get_object_or_404(rows, pk=pk)
        off_site_form = OffSiteForm(request.POST)
        if off_site_form.is_valid():
            with refusal_in_form(off_site_form):
                closeouts.undo_on_site(visit, by=user_of(request), reason=off_site_form.cleaned_data["reason"])
                messages.success(request, _("The visit is scheduled as before."))
                return redirect("admin:fieldwork_sitevisit_schedule", visit.pk)
        return self._page(request, visit, ScheduleForm(initial=self._initial(visit)), off_site_form)

    def _page(
        self, request: HttpRequest, visit: SiteVisit, form: ScheduleForm, off_site_form: OffSiteForm | None = None
    ) -> HttpResponse:
        reports = visit.close_outs.select_related("by__user").prefetch_related("reasons", "photos__reason")
        context = {
            **self.admin_site.each_context(request),
            "title": str(visit.order),
            "opts": self.opts,
            "visit": visit,
            "msa_request": visit.order.round.msa_request,
            "form": form,
            "off_site_form": off_site_form or OffSiteForm(),
            "may_schedule": request.user.has_perm("fieldwork.schedule_sitevisit"),
            "is_movable": visit.state in {SiteVisit.State.UNSCHEDULED, SiteVisit.State.SCHEDULED},
            "is_held": learning.held(SiteVisit.objects.filter(pk=visit.pk)).exists(),
            "close_outs": [(report, checks_of(report)) for report in reports],
        }
        status = 422 if form.errors or (off_site_form and off_site_form.errors) else 200
        return render(request, "admin/fieldwork/sitevisit/schedule.html", context, status=status)

    @staticmethod
    def _posted(request: HttpRequest) -> QueryDict | None:
        return request.POST if request.method == "POST" else None

    @staticmethod
    def _initial(visit: SiteVisit) -> dict[str, Any]:
        return {"technician": visit.technician_id, "scheduled_on": visit.scheduled_on, "window": visit.window}
