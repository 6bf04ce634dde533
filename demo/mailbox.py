"""The demo's mailbox: mail is kept for a page instead of leaving the machine."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe

from demo.models import ArrivedMail
from msa_portal.notices import framed

_PAGE = 50


class MailboxBackend(BaseEmailBackend):
    """Django's mail backend of the demo: each recipient's copy becomes a row."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            ArrivedMail.objects.bulk_create([_arrived(message, address) for address in message.recipients()])
        return len(email_messages)


def _arrived(message: EmailMessage, address: str) -> ArrivedMail:
    alternatives = message.alternatives if isinstance(message, EmailMultiAlternatives) else []
    html = [str(body) for body, kind in alternatives if kind == "text/html"]
    return ArrivedMail(
        to_email=address,
        from_email=message.from_email,
        subject=str(message.subject),
        text=str(message.body),
        html=html[0] if html else "",
        message_id=message.extra_headers.get("Message-ID", ""),
    )


@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    """Everybody's mail, newest first; `?to=` shows one address."""
    chosen = request.GET.get("to", "").strip()
    mails = ArrivedMail.objects.defer("text", "html")
    if chosen:
        mails = mails.filter(to_email__iexact=chosen)
    addresses = ArrivedMail.objects.order_by("to_email").values_list("to_email", flat=True).distinct()
    page = Paginator(mails, _PAGE).get_page(request.GET.get("page"))
    return render(request, "demo/mailbox.html", {"page": page, "chosen": chosen, "addresses": addresses[:500]})


@require_safe
def mail(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "demo/mail.html", {"mail": get_object_or_404(ArrivedMail, pk=pk)})


@require_safe
@xframe_options_sameorigin
@csp_override(framed.POLICY_WITH_LINKS)
def mail_html(request: HttpRequest, pk: int) -> HttpResponse:
    """The HTML part, for the frame on the mail's page: no script runs, links open in the whole tab."""
    return HttpResponse(framed.with_links_to_top(get_object_or_404(ArrivedMail, pk=pk).html))
