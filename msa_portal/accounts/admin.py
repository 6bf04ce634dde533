from __future__ import annotations

from typing import Any

from allauth.account import admin as _addresses  # noqa: F401  registers
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from allauth.account.models import EmailAddress
from allauth.mfa import admin as _second_factors  # noqa: F401  registers
from allauth.mfa.models import Authenticator
from allauth.usersessions import admin as _sessions  # noqa: F401  registers
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from msa_portal.accounts import services
from msa_portal.accounts.companies import admin as _companies  # noqa: F401  registers
from msa_portal.accounts.companies.membership import check_may_work_for_the_utility
from msa_portal.accounts.models import User
from msa_portal.approvals import role_grants
from msa_portal.guards import user_of
from msa_portal.refusals import refusal_as_message, refusal_in_form
from msa_portal.validators import one_line

# Roles are kept in code (roles.py): a group edited by hand would be put back at the next migration.
admin.site.unregister(Group)
# allauth's own pages: a person who adds a proven address to a supervisor's account, or reads the key of their session, is a
# second person.
admin.site.unregister([EmailAddress, UserSession, Authenticator])


_REMOVED = {
    Authenticator.Type.TOTP: "mfa/email/totp_deactivated",
    Authenticator.Type.WEBAUTHN: "mfa/email/webauthn_removed",
}


def _on_one_line(field: Any) -> Any:
    """Names go into mail headers: no line break hides in one (fault 50)."""
    if isinstance(field, forms.CharField):
        field.validators.append(one_line)
    return field


class PersonForm(UserChangeForm):
    def clean(self) -> dict[str, Any]:
        """People who work for the utility leave their companies, which must be possible before the role is granted."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("groups") or cleaned.get("is_superuser"):
            with refusal_in_form(self):
                check_may_work_for_the_utility(self.instance)
        return cleaned


@admin.register(User)
class PersonAdmin(UserAdmin):
    """Supervisors take roles at once, and propose giving them to a second supervisor (D23)."""

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
        """Passwords are for their holders and, in need, the superuser: not for people who edit roles.

        The holder of a role sets their own, with an emailed code: another who knows it could act as a second person.
        """
        if not request.user.is_superuser:
            raise PermissionDenied
        holder = self.get_object(request, id)
        if holder is not None and holder.pk != request.user.pk and (holder.is_superuser or holder.roles):
            self.message_user(
                request,
                gettext(
                    "%(name)s holds a role, so nobody else sets their password. They sign in with an emailed code."
                )
                % {"name": holder.name},
                messages.ERROR,
            )
            return redirect("admin:accounts_user_change", id)
        response = super().user_change_password(request, id, form_url)
        user = self.get_object(request, id)
        if holder is not None and user is not None and user.password != holder.password:
            get_adapter(request).send_notification_mail("account/email/password_changed", user)
        return response

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if change:
            _hold_back(obj, form, by=user_of(request))
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
        for power in getattr(form, "powers", []):
            with refusal_as_message(request):
                role_grants.propose(form.instance, power, by=user_of(request))
                self.message_user(
                    request,
                    gettext("Waits for a second supervisor: %(power)s.") % {"power": role_grants.label(power)},
                    messages.WARNING,
                )


@admin.register(Authenticator)
class SecondFactorAdmin(admin.ModelAdmin):
    """Removed for somebody who lost it, who is told; otherwise its holder's own business."""

    list_display = ["user", "type", "created_at", "last_used_at"]
    list_filter = ["type"]
    search_fields = ["user__email"]
    list_select_related = ["user"]
    fields = ["user", "type", "created_at", "last_used_at"]
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: Authenticator) -> None:
        super().delete_model(request, obj)
        if mail := _REMOVED.get(obj.type):
            get_adapter(request).send_notification_mail(mail, obj.user)


def _hold_back(user: User, form: Any, *, by: User) -> None:
    """What gives power is left as it was, and noted in `form.powers`: it takes a second supervisor.

    At another address than the holder's own choice an account keeps none, or one person could act as two: its
    powers are proposed again.
    """
    stored = User.objects.get(pk=user.pk)
    held = set(stored.groups.all())
    is_moved = "email" in form.changed_data and user.pk != by.pk
    kept = set() if is_moved else held
    form.powers = []
    if "groups" in form.cleaned_data:
        wanted = set(form.cleaned_data["groups"])
        form.powers += sorted(group.name for group in wanted - kept)
        form.cleaned_data["groups"] = Group.objects.filter(pk__in=[group.pk for group in wanted & kept])
    if user.is_superuser and (is_moved or not stored.is_superuser):
        user.is_superuser = False
        form.powers.append(role_grants.ALL_RIGHTS)
    if user.is_active and not stored.is_active and (held or stored.is_superuser):
        user.is_active = False
        form.powers.append(role_grants.SIGN_IN)
