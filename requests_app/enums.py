"""The program's vocabulary: statuses, events, and the named sets of both."""

from __future__ import annotations

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    """The statuses of program.md, S, in the very words that every user sees."""

    UNSUBMITTED = "unsubmitted", _("Unsubmitted")
    REQUEST_SUBMITTED = "request_submitted", _("Request Submitted")
    CORRECTIONS_REQUIRED = "corrections_required", _("Corrections Required")
    PENDING_SERVICE_ORDER = "pending_service_order", _("Pending Service Order")
    SERVICE_ORDER_ISSUED = "service_order_issued", _("Service Order Issued")
    INSTALLATION_COMPLETE = "installation_complete", _("Installation Complete")
    SITE_VISIT_UNSUCCESSFUL = "site_visit_unsuccessful", _("Site Visit Unsuccessful")
    RESCHEDULE_REQUESTED = "reschedule_requested", _("Reschedule Requested")
    WITHDRAWN = "withdrawn", _("Withdrawn")


FINAL = frozenset({Status.INSTALLATION_COMPLETE, Status.WITHDRAWN})
WITHDRAWABLE = frozenset(Status) - FINAL
# The owner or agent may change the facts.
EDITABLE = frozenset({Status.UNSUBMITTED, Status.CORRECTIONS_REQUIRED})
# The ball is with the owner or agent, and a deadline runs (D8).
OWNER_HOLDS = frozenset({Status.UNSUBMITTED, Status.CORRECTIONS_REQUIRED, Status.SITE_VISIT_UNSUCCESSFUL})
# The ball is with the utility.
WITH_UTILITY = frozenset(
    {
        Status.REQUEST_SUBMITTED,
        Status.PENDING_SERVICE_ORDER,
        Status.SERVICE_ORDER_ISSUED,
        Status.RESCHEDULE_REQUESTED,
    }
)
SCREENABLE = frozenset({Status.REQUEST_SUBMITTED})
CORRECTABLE = frozenset({Status.REQUEST_SUBMITTED, Status.PENDING_SERVICE_ORDER})
ORDERABLE = frozenset({Status.PENDING_SERVICE_ORDER, Status.RESCHEDULE_REQUESTED})


class Debit(models.TextChoices):
    """How a bank debit for the open visit's fee stands."""

    UNDER_WAY = "under_way", _("On its way from the bank")
    FAILED = "failed", _("Failed")


class Holder(models.TextChoices):
    """Who has the ball."""

    CUSTOMER = "customer", _("Customer")
    AGENT = "agent", _("Agent")
    UTILITY = "utility", _("Utility")
    NOBODY = "nobody", _("Nobody")


class EventKind(models.TextChoices):
    """What can stand in a request's history. The first group changes the status."""

    SUBMIT = "submit", _("Request submitted")
    REQUIRE_CORRECTIONS = "require_corrections", _("Corrections required")
    RESUBMIT = "resubmit", _("Corrections answered and sent back")
    DEEM_VALID = "deem_valid", _("Request found valid")
    ISSUE_SERVICE_ORDER = "issue_service_order", _("Service order issued")
    COMPLETE = "complete", _("Site visit successful")
    FAIL = "fail", _("Site visit unsuccessful")
    RESCHEDULE = "reschedule", _("New site visit requested")
    MODIFY = "modify", _("Different MSA requested")
    WITHDRAW = "withdraw", _("Request withdrawn")
    CORRECT_TO_COMPLETE = "correct_to_complete", _("Result of the site visit corrected: successful")
    CORRECT_TO_FAILED = "correct_to_failed", _("Result of the site visit corrected: unsuccessful")

    CREATED = "created", _("Request started")
    AGENT_NAMED = "agent_named", _("Agent of record named")
    AGENT_REVOKED = "agent_revoked", _("Agent's authority ended")
    CLAIMED = "claimed", _("Request taken over by the customer's account")
    AGREEMENT_PREPARED = "agreement_prepared", _("Agreement prepared")
    SIGNATURE_REQUESTED = "signature_requested", _("Signature requested")
    INVITATION_CANCELED = "invitation_canceled", _("Invitation to sign canceled")
    CONSENT_GIVEN = "consent_given", _("Agreed to sign electronically")
    CONSENT_WITHDRAWN = "consent_withdrawn", _("Agreement to sign electronically withdrawn")
    PAPER_SENT = "paper_sent", _("Agreement signed on paper, sent in")
    PAPER_SENT_BACK = "paper_sent_back", _("Pages signed on paper sent back")
    AGREEMENT_SIGNED = "agreement_signed", _("Agreement signed")
    AGREEMENT_EXECUTED = "agreement_executed", _("Agreement signed by everyone")
    AGREEMENT_SUPERSEDED = "agreement_superseded", _("Agreement replaced: an agreed fact changed")
    PANEL_MODEL_CONFIRMED = "panel_model_confirmed", _("Panel model confirmed as typed")
    READINESS_STATED = "readiness_stated", _("Stated what will be put right by the visit")
    FEE_RAISED = "fee_raised", _("Site visit fee raised")
    CHECKOUT_OPENED = "checkout_opened", _("Payment started")
    DEBIT_STARTED = "debit_started", _("Bank payment on its way")
    DEBIT_FAILED = "debit_failed", _("Bank payment failed")
    FEE_SETTLED = "fee_settled", _("Site visit fee settled")
    PAYMENT_HELD = "payment_held", _("Payment held for review")
    FEE_DISPUTED = "fee_disputed", _("Payment disputed")
    DISPUTE_CLOSED = "dispute_closed", _("Payment dispute closed")
    FEE_WRITTEN_OFF = "fee_written_off", _("Fee written off")
    PAY_INVITED = "pay_invited", _("Customer invited to pay")
    PAY_INVITATION_CANCELED = "pay_invitation_canceled", _("Link to pay taken back")
    REFUND_REQUESTED = "refund_requested", _("Refund asked for")
    REFUND_PROPOSED = "refund_proposed", _("Refund proposed")
    REFUND_APPROVED = "refund_approved", _("Refund approved")
    REFUND_DECLINED = "refund_declined", _("Refund declined")
    REFUND_PAID = "refund_paid", _("Refund sent")
    REFUND_FAILED = "refund_failed", _("Refund failed")
    SCREENING_TAKEN = "screening_taken", _("Screening started")
    SCREENING_TAKEN_OVER = "screening_taken_over", _("Screening taken over by a colleague")
    ADDRESS_CORRECTED = "address_corrected", _("Customer's email address corrected")
    ANSWERS_BY_PHONE = "answers_by_phone", _("Answers entered by program staff on the phone")
    FOLLOW_UP_SAVED = "follow_up_saved", _("Next step saved")
    FOLLOW_UP_CANCELED = "follow_up_canceled", _("Next step canceled")
    PRODUCT_DOCUMENT_SENT = "product_document_sent", _("Document for the device sent")
    PRODUCT_RULES_CHANGED = "product_rules_changed", _("The rules of the chosen device changed")
    SECOND_REQUEST_ALLOWED = "second_request_allowed", _("Program staff let this request go on")
    DEADLINE_EXTENDED = "deadline_extended", _("More time given")
    VISIT_SCHEDULED = "visit_scheduled", _("Site visit scheduled")
    VISIT_MOVED = "visit_moved", _("Site visit moved")
    VISIT_CANCELED = "visit_canceled", _("Site visit taken off the calendar")
    VISIT_PUT_BACK = "visit_put_back", _("Nobody could go: site visit to be planned again")
    DAY_CHANGE_ASKED = "day_change_asked", _("Another day asked for")
    DAY_CHANGE_ANSWERED = "day_change_answered", _("Wish for another day answered")
    UNSUITABLE_DAYS_NAMED = "unsuitable_days_named", _("Days that do not suit named")
    VISIT_ON_THE_WAY = "visit_on_the_way", _("Meter technician on the way")
    VISIT_STARTED = "visit_started", _("Meter technician on site")
    VISIT_START_UNDONE = "visit_start_undone", _("Meter technician not on site yet")
    CONFLICT_KEPT = "conflict_kept", _("A second close-out was kept for review")
    CONFLICT_REVIEWED = "conflict_reviewed", _("A kept close-out was looked at")
    PANEL_RULE_ADDED = "panel_rule_added", _("A rule learned from visits applies to this request")


def event_choices() -> list[tuple[str, Promise | str]]:
    """The field's choices, as a function so that a new event needs no migration."""
    return list(EventKind.choices)


class DecisionKind(models.TextChoices):
    """What staff decide that tells the customer something or moves the case. Each waits before it acts."""

    SEND_BACK = "send_back", _("Send back for corrections")
    JUDGE = "judge", _("Answers to corrections judged")
    VALID = "valid", _("Deem valid")
    ORDER = "order", _("Issue service order")
    WITHDRAW = "withdraw", _("Withdraw on the customer's word")
    EXTEND = "extend", _("Give more time")
    PAPER = "paper", _("Pages signed on paper judged")


class DecisionState(models.TextChoices):
    WAITING = "waiting", _("Waiting to be sent")
    SENT = "sent", _("Sent")
    CANCELED = "canceled", _("Canceled")
    REPLACED = "replaced", _("Part of the next decision")
    NOT_SENT = "not_sent", _("Not sent")


class DeskNoteKind(models.TextChoices):
    """What a member of staff is told on their desk until they say that they have read it."""

    NOT_SENT = "not_sent", _("Your decision was not sent")
    CANCELED = "canceled", _("Your decision was canceled")
    TAKEN_OVER = "taken_over", _("Your request was taken over")
    CLOSED = "closed", _("Your request was withdrawn")
    OFF_SITE = "off_site", _("Dispatch took “On site” back")


class RequestType(models.TextChoices):
    INSTALL = "install", _("Install")
    REMOVAL = "removal", _("Removal")
    REPLACEMENT = "replacement", _("Replacement")
    MAINTENANCE = "maintenance", _("Maintenance")

    @property
    def done(self) -> str | Promise:
        """A successful visit in the type's own words, beside the one official status (D2)."""
        return {
            RequestType.INSTALL: _("Installation complete"),
            RequestType.REMOVAL: _("Removal complete"),
            RequestType.REPLACEMENT: _("Replacement complete"),
            RequestType.MAINTENANCE: _("Maintenance complete"),
        }[self]


# Types that put a device in (E6 and the panel's rules apply, D11).
PLACES_DEVICE = frozenset({RequestType.INSTALL, RequestType.REPLACEMENT})


class ReminderKind(models.TextChoices):
    """Mails about the last day to act (D8)."""

    NUDGE = "nudge", _("Early nudge")
    FIRST = "first", _("First reminder")
    LAST = "last", _("Last reminder")


class Companion(models.TextChoices):
    """A further device that a product needs to work (E18)."""

    STORAGE = "storage", _("Energy storage")
    INTERCONNECT_DEVICE = "interconnect_device", _("Microgrid interconnect device")
    INTERCONNECT_CONTROLLER = "interconnect_controller", _("Microgrid controller")
    TRANSFER_SWITCH = "transfer_switch", _("Transfer switch")
    SOLAR_INVERTER = "solar_inverter", _("Solar inverter that the maker names")
    EV_CHARGER = "ev_charger", _("EV charger that the maker names")
    LOAD_CONTROLLER = "load_controller", _("Load controller")
    DISCONNECT = "disconnect", _("A/C disconnect")


class ServiceClass(models.TextChoices):
    RESIDENTIAL = "residential", _("Residential")
    COMMERCIAL = "commercial", _("Commercial")
    AGRICULTURAL = "agricultural", _("Agricultural")


class MeterKind(models.TextChoices):
    SELF_CONTAINED = "self_contained", _("Self-contained meter")
    INSTRUMENT_RATED = "instrument_rated", _("Instrument-rated meter")


class Service(models.TextChoices):
    SINGLE_PHASE = "single_phase_3_wire_120_240", _("Single phase, 3-wire, 120/240 V")
    THREE_PHASE = "three_phase", _("Three phase")
    OTHER = "other", _("Something else")


class ServiceEntrance(models.TextChoices):
    OVERHEAD = "overhead", _("Overhead")
    UNDERGROUND = "underground", _("Underground")


class ExistingAdapter(models.TextChoices):
    NONE = "none", _("None")
    MSA = "msa", _("A meter socket adapter (MSA)")
    GMA = "gma", _("A generation meter adapter (GMA)")


class LiquidTight(models.TextChoices):
    YES = "yes", _("Yes")
    NO = "no", _("No")
    NONE = "none", _("There are no such conductors")


class RecordCheck(models.TextChoices):
    """What the customer is told of the record: never more than this."""

    NOT_YET = "not_yet", _("Not checked yet")
    MATCHES = "matches", _("Matches the utility's record")
    DIFFERS = "differs", _("Differs from the utility's record")
    LATER = "later", _("Checked later: the utility's record does not answer now")


class Settlement(models.TextChoices):
    """How a visit's fee was settled (S: "Settled" means paid, or waived); or that none is due."""

    PAID = "paid", _("Paid")
    WAIVED = "waived", _("Waived")
    NOT_DUE = "not_due", _("No fee due")


class VisitOutcome(models.TextChoices):
    COMPLETE = "complete", _("Successful")
    UNSUCCESSFUL = "unsuccessful", _("Unsuccessful")
    CANCELED = "canceled", _("Canceled")


class Responsible(models.TextChoices):
    CUSTOMER = "customer", _("Customer")
    UTILITY = "utility", _("Utility")

    @property
    def side(self) -> str | Promise:
        return _("On the customer's side") if self is Responsible.CUSTOMER else _("On the utility's side")


class Party(models.TextChoices):
    """Who signs."""

    CUSTOMER = "customer", _("Customer")
    AGENT = "agent", _("Agent")


class AgreementState(models.TextChoices):
    RENDERING = "rendering", _("Being prepared")
    SIGNING = "signing", _("Waiting for signatures")
    EXECUTED = "executed", _("Signed by everyone")
    SUPERSEDED = "superseded", _("Replaced")


class Section(models.TextChoices):
    """The agreement's sections (A1, A2)."""

    CUSTOMER_TERMS = "customer_terms", _("Customer terms")
    AUTHORIZATION = "authorization", _("Authorization to Act as Agent to Request SCE Work")
    SUBMITTAL = "submittal", _("Application Submittal Form")


class CheckCode(models.TextChoices):
    """The screening checks of program.md, C."""

    C1 = "C1", _("The customer signed the agreement")
    C2 = "C2", _("Where an agent submits: both signed the authorization, and the submittal form is complete")
    C3 = "C3", _("The application is complete")
    C4 = "C4", _("The application matches the agreement")
    C5 = "C5", _("Customer information matches the utility's record")
    C6 = "C6", _("The eligibility rules hold; the device was approved when the fee form was opened")
    C7 = "C7", _("The fee is settled and not disputed")


class CheckAnswer(models.TextChoices):
    YES = "yes", _("Yes")
    NO = "no", _("No")
    NOT_APPLICABLE = "na", _("Does not apply")


class CorrectionKind(models.TextChoices):
    FIX = "fix", _("Can be put right")
    CANNOT_BE_SERVED = "cannot_be_served", _("Cannot be served")  # D14


class CorrectionAnswer(models.TextChoices):
    """How the owner or agent answered an item."""

    PROPOSAL = "proposal", _("Took over what our staff proposed")
    CHANGED = "changed", _("Corrected")
    DEVICE = "device", _("Chose another device")
    DOCUMENT = "document", _("Sent a new file")
    RIGHT = "right", _("Says that it is right as it is")
    DONE = "done", _("Says what was done")


class CorrectionEnd(models.TextChoices):
    """Why an item is closed."""

    ACCEPTED = "accepted", _("Accepted")
    KEPT_OPEN = "kept_open", _("Asked again with a new note")
    REPLACED = "replaced", _("Replaced by a newer item")
    WITHDRAWN = "withdrawn", _("The request was withdrawn")


class CureProof(models.TextChoices):
    """What shows that a reason of a failed visit is put right."""

    NOTHING = "nothing", _("Nothing")
    STATEMENT = "statement", _("A statement")
    PHOTO = "photo", _("A photo")
    EVIDENCE = "evidence", _("A statement, with a photo or document")
    DEVICE = "device", _("A different MSA")
    DEVICE_OR_EVIDENCE = "device_or_evidence", _("A different MSA, or a statement with a photo or document")


class FollowUpKind(models.TextChoices):
    RESCHEDULE = "reschedule", _("Reschedule MSA Site Visit")
    MODIFY = "modify", _("Modification Request")


class WithdrawalReason(models.TextChoices):
    CHANGED_PLANS = "changed_plans", _("My plans changed")
    OTHER_SOLUTION = "other_solution", _("I chose another solution, such as a panel upgrade")
    CANNOT_BE_SERVED = "cannot_be_served", _("My site or device cannot be served")
    TOO_LONG = "too_long", _("It takes too long")
    MOVED = "moved", _("I no longer live at this address")
    EXPIRED = "expired", _("The time to act ran out")
    OTHER = "other", _("Another reason")


class DocumentKind(models.TextChoices):
    AGREEMENT = "agreement", _("Agreement, unsigned")
    EXECUTED_AGREEMENT = "executed_agreement", _("Agreement, signed")
    RECEIPT = "receipt", _("Receipt")
    REFUND_NOTE = "refund_note", _("Refund note")
    FLYER = "flyer", _("Leave-behind flyer")
    SITE_PHOTO = "site_photo", _("Photo of the site")
    PRODUCT_DOCUMENT = "product_document", _("Document that the device requires")
    PAPER_AGREEMENT = "paper_agreement", _("Agreement, signed on paper")
    DRAWN_SIGNATURE = "drawn_signature", _("Drawn signature")
    CURE_PROOF = "cure_proof", _("Proof that a reason is put right")


class PhotoTopic(models.TextChoices):
    """What a guided photo shows; each is evidence for rules (`requests_app.files.site_photos`)."""

    PANEL_LABEL = "panel_label", _("Panel label")
    METER_SOCKET = "meter_socket", _("Meter and socket")
    CONDUIT = "conduit", _("Conduit")
    PACKAGE = "package", _("The MSA in its waterproof package, by the meter")


class PaperState(models.TextChoices):
    """What became of pages that were signed by hand, whole or by section."""

    SENT = "sent", _("Waits for program staff")
    ACCEPTED = "accepted", _("Accepted")
    SENT_BACK = "sent_back", _("Sent back")
    REPLACED = "replaced", _("Replaced by newer pages")


class ScanState(models.TextChoices):
    """What the virus scanner said of an upload. What we made ourselves is never scanned."""

    NOT_SCANNED = "not_scanned", _("Not scanned: no scanner is configured")
    WAITING = "waiting", _("In quarantine: waiting for the virus scanner")
    CLEAN = "clean", _("No virus found")
    INFECTED = "infected", _("Virus found")


class Inspect(models.TextChoices):
    """What a file is opened for."""

    PHOTO = "photo", _("photo")
    PDF = "pdf", _("PDF")
    SEAL = "seal", _("seal of a PDF")


class InspectionState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Being opened")
    DONE = "done", _("Done")


class AuthorityEnd(models.TextChoices):
    """Why an agent's authority ended (D10)."""

    REVOKED = "revoked", _("Ended by the customer")
    EXPIRED = "expired", _("Its time was over")
    CLOSED = "closed", _("The company closed")
