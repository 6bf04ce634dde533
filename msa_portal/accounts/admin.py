from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from msa_portal.accounts import services
from msa_portal.accounts.companies import admin as _companies  # noqa: F401  registers
from msa_portal.accounts.companies.membership import check_may_work_for_the_utility
from msa_portal.accounts.models import User
from msa_portal.guards import user_of
from msa_portal.refusals import refusal_in_form
from msa_portal.validators import one_line

# Roles are kept in code (roles.py): a group edited by hand would be put back at the next migration.
admin.site.unregister(Group)


def _on_one_line(field: Any) -> Any:
    """Names go into mail headers: no line break hides in one (fault 50)."""
    if isinstance(field, forms.CharField):
        field.validators.append(one_line)
    return field


class PersonForm(UserChangeForm):
    def clean(self) -> dict[str, Any]:
        """Whoever works for the utility leaves their companies, which must be possible before the role is granted."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("groups") or cleaned.get("is_superuser"):
            with refusal_in_form(self):
                check_may_work_for_the_utility(self.instance)
        return cleaned


@admin.register(User)
class PersonAdmin(UserAdmin):
    """Supervisors give and take roles; what could make more of them than that is the superuser's."""

    form = PersonForm
    list_display = ["email", "name", "role_names", "is_active", "last_login"]
    list_filter = ["groups", "is_active"]
    search_fields = ["email", "name"]
    ordering = ["email"]
    filter_horizontal = []
    fieldsets = [
        (None, {"fields": ["email", "password", "name", "phone"]}),
        (_("Roles"), {"fields": ["is_active", "groups", "is_superuser"]}),
        (_("Dates"), {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"classes": ["wide"], "fields": ["email", "name", "usable_password", "password1", "password2"]})
    ]
    readonly_fields = ["last_login", "date_joined"]
    actions = ["sign_out_everywhere"]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return _on_one_line(super().formfield_for_dbfield(db_field, request, **kwargs))

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description=_("roles"))
    def role_names(self, user: User) -> str:
        return ", ".join(sorted(group.name.replace("_", " ") for group in user.groups.all()))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if request.user.is_superuser or obj is None:
            return fieldsets
        return [(None, {"fields": ["email", "name", "phone"]}), (_("Roles"), {"fields": ["is_active", "groups"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if request.user.is_superuser:
            return self.readonly_fields
        return [*self.readonly_fields, "email", "is_superuser"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is not None and not request.user.is_superuser and (obj.is_superuser or obj.pk == request.user.pk):
            return False
        return super().has_change_permission(request, obj)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        """Passwords are for their holders and, in need, the superuser: not for whoever may edit roles."""
        if not request.user.is_superuser:
            raise PermissionDenied
        before = User.objects.filter(pk=id).values_list("password", flat=True).first()
        response = super().user_change_password(request, id, form_url)
        user = User.objects.filter(pk=id).first()
        if user is not None and user.password != before:
            get_adapter(request).send_notification_mail("account/email/password_changed", user)
        return response

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change or "email" not in form.changed_data:
            super().save_model(request, obj, form, change)
            return
        raise_if_reauthentication_required(request, app="allauth.account")
        addresses = {"from_email": form.initial["email"], "to_email": obj.email}
        get_adapter(request).send_notification_mail("account/email/email_changed", obj, addresses)
        super().save_model(request, obj, form, change)
        services.restart_proof(obj)

    @admin.action(description=_("Sign out on every device"), permissions=["change"])
    def sign_out_everywhere(self, request: HttpRequest, queryset: Any) -> None:
        """For a lost phone whose technician can't do it."""
        users = [user for user in queryset if self.has_change_permission(request, user)]
        for user in users:
            services.end_sessions(user, by=user_of(request))
        message = ngettext("%(count)d person is signed out.", "%(count)d people are signed out.", len(users))
        self.message_user(request, message % {"count": len(users)})

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        services.follow_roles(form.instance, by=user_of(request))
