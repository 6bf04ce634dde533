"""The demo's mailbox: mail is kept for a page instead of leaving the machine."""

from __future__ import annotations

from collections.abc import Sequence
from email.message import MIMEPart

from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.http import content_disposition_header
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe

from demo.models import ArrivedMail
from msa_portal.guards import public
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
        attachments=[_attached(attachment) for attachment in message.attachments if isinstance(attachment, MIMEPart)],
    )


def _attached(part: MIMEPart) -> dict[str, str]:
    body = part.get_payload(decode=True)
    return {
        "name": part.get_filename() or "",
        "content_type": part.get_content_type(),
        "text": body.decode() if isinstance(body, bytes) else "",
    }


@public
@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    """Everybody's mail, newest first; `?to=` shows one address."""
    chosen = request.GET.get("to", "").replace("\0", "").strip()
    mails = ArrivedMail.objects.defer("text", "html", "attachments")
    if chosen:
        mails = mails.filter(to_email__iexact=chosen)
    addresses = ArrivedMail.objects.order_by("to_email").values_list("to_email", flat=True).distinct()
    page = Paginator(mails, _PAGE).get_page(request.GET.get("page"))
    return render(request, "demo/mailbox.html", {"page": page, "chosen": chosen, "addresses": addresses[:500]})


@public
@require_safe
def mail(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "demo/mail.html", {"mail": get_object_or_404(ArrivedMail, pk=pk)})


@public
@require_safe
def mail_attachment(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    attachments = get_object_or_404(ArrivedMail, pk=pk).attachments
    if number >= len(attachments):
        raise Http404
    attachment = attachments[number]
    headers = {"Content-Disposition": content_disposition_header(True, attachment["name"])}
    return HttpResponse(
        attachment["text"], content_type=f"{attachment['content_type']}; charset=utf-8", headers=headers
    )


@public
@require_safe
@xframe_options_sameorigin
@csp_override(framed.POLICY_WITH_LINKS)
def mail_html(request: HttpRequest, pk: int) -> HttpResponse:
    """The HTML part, for the frame on the mail's page: no script runs, links open in the whole tab."""
    return HttpResponse(framed.with_links_to_top(get_object_or_404(ArrivedMail, pk=pk).html))
