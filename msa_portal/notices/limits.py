"""One limit on email that a person can cause to be sent to somebody else, whatever the page.

It counts the outbox's own rows over the last day, so it holds without a cache. `queue` is its one caller: a notice that
isn't in `UNLIMITED` can't be queued without its `Cause`. Two requests at once can pass the last place together; that
is one email for each web process, and saves a lock that every inviter would wait for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from msa_portal.errors import Refused
from msa_portal.notices.models import NoticeMessage

if TYPE_CHECKING:
    from msa_portal.accounts.models import Company, User

WINDOW = timedelta(days=1)
CODE = "too_much_email"


class AtLimit(Enum):
    """What happens to a notice when there was too much."""

    REFUSE = auto()  # the act that causes it: its point is the email
    DROP = auto()  # the email alone: what it says can be seen on a page, or comes again
    SEND = auto()  # nothing: people have a right to it. It counts


# Every limited notice, by name.
LIMITED: dict[str, AtLimit] = {
    "account/company_invitation": AtLimit.REFUSE,
    "invitation_to_sign": AtLimit.REFUSE,
    "invited_to_pay": AtLimit.REFUSE,
    "draft_started_for_you": AtLimit.DROP,
    "handed_over": AtLimit.DROP,
    "work_handed_over": AtLimit.SEND,
    "sign_again": AtLimit.DROP,
    "withdrawn": AtLimit.SEND,
    "request_claimed": AtLimit.SEND,
    "agent_revoked": AtLimit.SEND,
    "agent_stepped_down": AtLimit.SEND,
    "acting_ended": AtLimit.SEND,
    "account/company_closed": AtLimit.SEND,
    # By people who aren't signed in, to any address
    "account/verify_address": AtLimit.REFUSE,
    "account/login_code": AtLimit.REFUSE,
    "account/password_reset": AtLimit.REFUSE,
    "account/unknown_account": AtLimit.REFUSE,
    "account/account_already_exists": AtLimit.REFUSE,
}
_TIMER_OR_STAFF = "a timer or staff cause it"
_EARNED = "it follows a signature or a payment of the person who gets it, or work by the utility"
_OWN = "it goes to the person who causes it, or tells the holder of an account of a change to it"
UNLIMITED: dict[str, str] = {
    **dict.fromkeys(
        (
            *("signature_reminder", "authority_ends", "paper_sent_back", "upload_removed", "corrections_required"),
            *("draft_left", "deadline_near", "deadline_extended", "panel_ruled_out", "device_ruled_out"),
            *(
                "refund_failed",
                "refund_declined",
                "statement_ready",
                "payment_held_staff",
                "books_differ",
                "payment_failed",
                "payment_disputed",
            ),
            *("visit_scheduled", "visit_moved", "visit_canceled", "visit_on_the_way", "visit_expected_anew"),
            *("visit_reminder", "day_change_kept", "request_valid", "service_order_issued", "visit_complete"),
            *("visit_unsuccessful", "account/license_expires", "approval_asked", "approval_decided"),
            *("confirm_address", "address_to_change"),
        ),
        _TIMER_OR_STAFF,
    ),
    **dict.fromkeys(
        (
            *("signed_copy", "request_submitted", "reschedule_received", "modification_received", "receipt"),
            *("receipt_for_several", "refund_paid", "payment_held", "fee_due", "agent_signature_due"),
        ),
        _EARNED,
    ),
    **dict.fromkeys(
        (
            *("account/password_removed", "account/account_changed", "account/reauthentication_code"),
            "account/other",
        ),
        _OWN,
    ),
    "day_change_asked": "it goes to dispatchers, once for a visit that is planned",
}


@dataclass(frozen=True)
class Cause:
    """Who causes an email: a person, perhaps for a company; or somebody at a network address who isn't signed in.

    None of them is a timer or the portal: it isn't held back, and counts for the mailbox.
    """

    person: User | None = None
    company: Company | None = None
    network: str = ""

    @property
    def network_key(self) -> str:
        """Stands for the address in the database, which doesn't hold it."""
        if not self.network:
            return ""
        return salted_hmac("msa_portal.notices.limits", self.network, algorithm="sha256").hexdigest()[:40]


def mailbox(address: str) -> str:
    """The same for all spellings of an address, tags ("kim+1@…") included."""
    local, _at, host = address.strip().lower().rpartition("@")
    return f"{local.partition('+')[0]}@{host}"


def is_over(to: str, cause: Cause) -> bool:
    """Whether one more email from this cause to this address would be too many."""
    person = cause.person
    if person is not None and person.is_staff:
        return False
    if person is None and not cause.network:
        return False
    counted_to = mailbox(to)
    own = Q(caused_by=person) if person is not None else Q(caused_from=cause.network_key)
    company = Q(caused_for=cause.company) if cause.company is not None else Q(pk__in=[])
    # Codes and invitations don't use up each other's allowance: nobody is kept from signing in by being invited.
    kind = Q(caused_from="") if person is not None else ~Q(caused_from="")
    recent = NoticeMessage.objects.filter(queued_at__gt=timezone.now() - WINDOW).exclude(counted_to="")
    counts = recent.filter(own | company | Q(counted_to=counted_to)).aggregate(
        own=Count("pk", filter=own),
        company=Count("pk", filter=company),
        mailbox=Count("pk", filter=Q(counted_to=counted_to) & kind),
    )
    limits = settings.MAIL_LIMITS
    most = limits["person" if person is not None else "network"]
    most_for_mailbox = limits["recipient" if person is not None else "recipient_of_codes"]
    return bool(
        counts["own"] >= most or counts["company"] >= limits["company"] or counts["mailbox"] >= most_for_mailbox
    )


def refusal() -> Refused:
    """The same words whichever limit it was: they tell nothing about the address."""
    return Refused(
        _(
            "That's more email than we send in a day on one person's or company's behalf, or to one address. Nothing"
            " was sent and nothing is lost. Try again tomorrow. If you need to send more, call the program."
        ),
        code=CODE,
    )
