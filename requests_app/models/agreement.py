"""The agreement: a version of the facts that it covers, and who signed it."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from msa_portal.db import KnowsItsRow
from requests_app import enums


class AgreementQuerySet(models.QuerySet["Agreement"]):
    def current(self) -> AgreementQuerySet:
        return self.exclude(state=enums.AgreementState.SUPERSEDED)

    def lacking_document(self, *, since: datetime) -> AgreementQuerySet:
        """The document to sign or the signed one is not there, and has not been since that moment."""
        state = enums.AgreementState
        return self.filter(
            models.Q(state=state.RENDERING, created_at__lt=since)
            | models.Q(state=state.EXECUTED, executed_document__seal__isnull=True, executed_at__lt=since)
        )


class Agreement(KnowsItsRow):
    """Rendered once to PDF from `facts`, hashed, read, signed (A1, A2, A3).

    `sections` are the sections in it: the agent's two are there only where an agent submits.
    """

    msa_request = models.ForeignKey("requests_app.MSARequest", on_delete=models.PROTECT, related_name="agreements")
    version = models.PositiveSmallIntegerField()
    wording = models.ForeignKey("requests_app.AgreementWording", on_delete=models.PROTECT, related_name="+")
    facts = models.JSONField()
    sections = models.JSONField()
    state = models.CharField(_("state"), max_length=12, choices=enums.AgreementState, default="rendering")
    document = models.OneToOneField(
        "requests_app.Document", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    executed_document = models.OneToOneField(
        "requests_app.Document", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    executed_at = models.DateTimeField(null=True, blank=True)
    superseded_at = models.DateTimeField(null=True, blank=True)

    objects = AgreementQuerySet.as_manager()

    _read_signatures: list[Signature] | None = None

    class Meta:
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        ordering = ["msa_request", "version"]
        constraints = [
            models.UniqueConstraint(fields=["msa_request", "version"], name="one_agreement_per_version"),
            models.UniqueConstraint(
                fields=["msa_request"],
                condition=~models.Q(state="superseded"),
                name="one_current_agreement_per_request",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="executed") | models.Q(executed_at__isnull=False, document__isnull=False),
                name="executed_agreement_has_document_and_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.msa_request_id} agreement {self.version}"

    @property
    def number(self) -> str:
        """What is printed on it, and can be asked for."""
        return f"{self.msa_request.reference}-A{self.version}"

    @property
    def parties(self) -> list[enums.Party]:
        """Who has to sign: the customer, and the agent where the agent's sections are in it."""
        agent = [enums.Party.AGENT] if enums.Section.AUTHORIZATION in self.sections else []
        return [enums.Party.CUSTOMER, *agent]

    def sections_of(self, party: enums.Party) -> list[str]:
        """What that party signs: the authorization is signed by both, the submittal form by the agent."""
        wanted = {
            enums.Party.CUSTOMER: (enums.Section.CUSTOMER_TERMS, enums.Section.AUTHORIZATION),
            enums.Party.AGENT: (enums.Section.AUTHORIZATION, enums.Section.SUBMITTAL),
        }[party]
        return [section.value for section in wanted if section in self.sections]

    def missing_sections(self, party: enums.Party) -> list[str]:
        """What that party has yet to sign of this version. Reads through `all()`: a list may prefetch."""
        known = self.signatures.all() if self._read_signatures is None else self._read_signatures
        signed = {section for signature in known if signature.party == party for section in signature.sections}
        return [section for section in self.sections_of(party) if section not in signed]

    def read_signatures(self) -> None:
        """Once, for a service that holds the lock and tells of each that it writes (`knows_signature`)."""
        self._read_signatures = list(self.signatures.all())

    def knows_signature(self, signature: Signature) -> None:
        """It was written just now."""
        if self._read_signatures is not None:
            self._read_signatures.append(signature)

    @property
    def waited_for(self) -> list[enums.Party]:
        return [party for party in self.parties if self.missing_sections(party)]


class Signature(models.Model):
    """One party's signature under sections of one agreement; never changed.

    One that stands for an earlier version is copied to the next one for the sections whose facts
    are the same; `carried_from` is the signature that the person really gave, with its own
    document and time.
    """

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="signatures")
    party = models.CharField(_("party"), max_length=10, choices=enums.Party)
    sections = models.JSONField()
    carried_from = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="carried")
    name = models.CharField(_("typed name"), max_length=120)
    email = models.EmailField(_("e-mail address"))
    email_proof = models.CharField(
        max_length=10,
        choices=[("account", _("Signed-in account")), ("link", _("Mailed link")), ("paper", _("Signed on paper"))],
    )
    user = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    consent_text = models.TextField(_("consent text"))
    document_sha256 = models.CharField(_("SHA-256 of the document"), max_length=64)
    signed_at = models.DateTimeField(_("signed"))
    ip_address = models.GenericIPAddressField(_("address"), null=True)
    user_agent = models.CharField(_("browser"), max_length=300, blank=True)
    drawing = models.ForeignKey(
        "requests_app.Document", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("signature")
        verbose_name_plural = _("signatures")

    def __str__(self) -> str:
        return f"{self.agreement_id} {self.party}"

    @property
    def section_titles(self) -> list[str]:
        return [str(enums.Section(section).label) for section in self.sections]


class SignedSection(models.Model):
    """One section that one party signed: at most once per version, which the database holds."""

    signature = models.ForeignKey(Signature, on_delete=models.CASCADE, related_name="signed_sections")
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="signed_sections")
    party = models.CharField(_("party"), max_length=10, choices=enums.Party)
    section = models.CharField(_("section"), max_length=20, choices=enums.Section)

    class Meta:
        verbose_name = _("signed section")
        verbose_name_plural = _("signed sections")
        constraints = [
            models.UniqueConstraint(fields=["agreement", "party", "section"], name="section_signed_once_per_party")
        ]

    def __str__(self) -> str:
        return f"{self.agreement_id} {self.party} {self.section}"


class SigningInvitation(models.Model):
    """A mailed link to sign: single use, it expires, and it acts on POST only.

    The link's token is a signature over `key`, made when the mail is sent: the database holds
    nothing that opens the page.
    """

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="invitations")
    party = models.CharField(max_length=10, choices=enums.Party, default=enums.Party.CUSTOMER)
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField()
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)
    claimed_by = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("signing invitation")
        verbose_name_plural = _("signing invitations")
        constraints = [
            models.UniqueConstraint(
                fields=["agreement", "party"],
                condition=models.Q(used_at__isnull=True, voided_at__isnull=True),
                name="one_open_invitation_per_party",
            )
        ]

    def __str__(self) -> str:
        return f"{self.agreement_id} {self.party}"


class SigningReminder(models.Model):
    """A party was reminded to sign this version, the first, second or third time: each once."""

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="reminders")
    party = models.CharField(_("party"), max_length=10, choices=enums.Party)
    number = models.PositiveSmallIntegerField()
    sent_at = models.DateTimeField(_("sent"))

    class Meta:
        verbose_name = _("signing reminder")
        verbose_name_plural = _("signing reminders")
        constraints = [
            models.UniqueConstraint(fields=["agreement", "party", "number"], name="signing_reminder_sent_once")
        ]

    def __str__(self) -> str:
        return f"{self.agreement_id} {self.party} {self.number}"


class DocumentOpening(models.Model):
    """Somebody who is asked to sign got the PDF, by a button of their own: access, demonstrated."""

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="openings")
    party = models.CharField(_("party"), max_length=10, choices=enums.Party)
    email = models.EmailField(_("e-mail address"))
    user = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    document_sha256 = models.CharField(_("SHA-256 of the document"), max_length=64)
    opened_at = models.DateTimeField(_("opened"))
    ip_address = models.GenericIPAddressField(_("address"), null=True)
    user_agent = models.CharField(_("browser"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("opening of a document")
        verbose_name_plural = _("openings of documents")

    def __str__(self) -> str:
        return f"{self.agreement_id} {self.party}"


class SigningConsent(models.Model):
    """Somebody agreed to electronic records of one request, apart from any signature.

    `opening` shows that they can open such a record; those from before it was asked for have none.
    Only ever changed by being withdrawn.
    """

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="consents")
    party = models.CharField(_("party"), max_length=10, choices=enums.Party)
    text_version = models.CharField(_("version of the text"), max_length=20)
    text = models.TextField(_("text"))
    email = models.EmailField(_("e-mail address"))
    user = models.ForeignKey("accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    opening = models.ForeignKey(DocumentOpening, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField(_("given"))
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    ip_address = models.GenericIPAddressField(_("address"), null=True)
    user_agent = models.CharField(_("browser"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("consent to electronic records")
        verbose_name_plural = _("consents to electronic records")

    def __str__(self) -> str:
        return f"{self.agreement_id} {self.party}"
