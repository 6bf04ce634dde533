"""The outbox as staff see it: read as sent, send again; nothing to edit."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.utils.http import content_disposition_header
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override

from msa_portal.accounts.models import User
from msa_portal.errors import Refused
from msa_portal.notices import framed
from msa_portal.notices.delivery import send_again
from msa_portal.notices.links import PRIVATE_LINK
from msa_portal.notices.models import NoticeMessage


def readable(message: NoticeMessage, body: str) -> str:
    """The body for other eyes than the recipient's: no code, no key, no private link."""
    if message.confidential:
        return ""
    return body.replace(PRIVATE_LINK, _("[private link]"))


@admin.register(NoticeMessage)
class NoticeMessageAdmin(admin.ModelAdmin):
    list_display = ["queued_at", "state", "to_email", "subject", "kind", "attempts", "sent_at", "last_error"]
    list_filter = ["state", "kind", "queued_at"]
    search_fields = ["reference__istartswith", "to_email__istartswith"]
    search_help_text = gettext_lazy("The beginning of a request's reference, or of an e-mail address")
    ordering = ["-pk"]
    list_per_page = 50
    show_full_result_count = False
    actions = ["send_again"]
    fields = [
        "subject",
        "to_email",
        "recipient",
        "reference",
        "kind",
        "state",
        "queued_at",
        "sent_at",
        "attempts",
        "next_attempt_at",
        "last_error",
        "message_id",
        "as_text",
        "as_html",
        "attached",
    ]

    class Media:
        css = {"all": ["notices/admin.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[NoticeMessage]:
        return super().get_queryset(request).defer("text", "html", "attachments")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("notices.resend_noticemessage")

    def get_urls(self) -> list[URLPattern]:
        html = path("<int:pk>/html/", self.admin_site.admin_view(self.html_as_sent), name="notices_noticemessage_html")
        attachment = path(
            "<int:pk>/attachments/<int:number>/",
            self.admin_site.admin_view(self.attachment_as_sent),
            name="notices_noticemessage_attachment",
        )
        return [html, attachment, *super().get_urls()]

    @admin.display(description=gettext_lazy("text, as sent"))
    def as_text(self, message: NoticeMessage) -> SafeString:
        if message.confidential:
            return format_html("<p>{}</p>", _("This message holds a code or a key. Only its recipient can read it."))
        return format_html('<pre class="notice-text">{}</pre>', readable(message, message.text))

    @admin.display(description=gettext_lazy("HTML, as sent"))
    def as_html(self, message: NoticeMessage) -> SafeString | str:
        if message.confidential:
            return "-"
        return format_html(
            '<iframe class="notice-frame" sandbox="" src="{}" title="{}"></iframe>',
            reverse("admin:notices_noticemessage_html", args=[message.pk]),
            _("The message as sent"),
        )

    @admin.display(description=gettext_lazy("attachments, as sent"))
    def attached(self, message: NoticeMessage) -> SafeString | str:
        name = "admin:notices_noticemessage_attachment"
        links = [
            (reverse(name, args=[message.pk, number]), attachment["name"])
            for number, attachment in enumerate(message.attachments)
        ]
        return format_html_join(", ", '<a href="{}">{}</a>', links) or "-"

    def attachment_as_sent(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        message = get_object_or_404(NoticeMessage, pk=pk)
        if number >= len(message.attachments):
            raise Http404
        attachment = message.attachments[number]
        return HttpResponse(
            attachment["text"],
            content_type=f"{attachment['content_type']}; charset=utf-8",
            headers={"Content-Disposition": content_disposition_header(True, attachment["name"])},
        )

    @method_decorator(xframe_options_sameorigin)
    @method_decorator(csp_override(framed.POLICY))
    def html_as_sent(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The HTML body, for the frame on the message's page: nothing in it can act."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        message = get_object_or_404(NoticeMessage, pk=pk)
        return HttpResponse(readable(message, message.html))

    @admin.action(description=gettext_lazy("Send again"), permissions=["resend"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[NoticeMessage]) -> None:
        sent, by = 0, request.user
        if not isinstance(by, User):
            raise PermissionDenied
        for message in queryset:
            try:
                send_again(message, by=by)
                sent += 1
            except Refused as refusal:
                self.message_user(request, f"{message.subject}: {refusal}", messages.ERROR)
        if sent:
            words = ngettext("%d message is queued again.", "%d messages are queued again.", sent)
            self.message_user(request, words % sent, messages.SUCCESS)
