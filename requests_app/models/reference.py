"""Reference data that supervisors keep in the admin, with history."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from requests_app import enums, fee_rules
from requests_app.models import serial_patterns


class ProductQuerySet(models.QuerySet["Product"]):
    def approved_on(self, day: date) -> ProductQuerySet:
        """Approved on that day (E6): from the first day to the last, both included."""
        return self.filter(approved_from__lte=day).filter(
            models.Q(approved_until__isnull=True) | models.Q(approved_until__gte=day)
        )


class Product(models.Model):
    """A device on the Approved Product List. An unconfirmed figure is empty, never guessed (D20).

    Its rules are data: the request types it may be asked for (none named: each type that places a
    device), the highest amperage (E7), whether it isolates (E9, E16), the further devices that it
    needs (E18), the documents that it asks for, and the days of its approval (E6).
    """

    manufacturer = models.CharField(_("manufacturer"), max_length=80)
    model = models.CharField(_("model"), max_length=80)
    part_number = models.CharField(_("part number"), max_length=80, blank=True)
    isolating = models.BooleanField(_("isolating"), help_text=_("Can separate the home from the grid."))
    request_types = models.JSONField(_("request types"), default=list, blank=True)
    required_companions = models.JSONField(_("further devices that it needs"), default=list, blank=True)
    required_documents = models.JSONField(_("documents that it asks for"), default=list, blank=True)
    max_service_amps = models.PositiveSmallIntegerField(_("maximum service amperage (A)"), null=True, blank=True)
    notes = models.TextField(_("notes"), blank=True)
    source = models.CharField(_("source of the facts"), max_length=200, blank=True)
    verified = models.BooleanField(_("verified against the utility's list"), default=False)
    serial_pattern = models.CharField(
        _("serial number's pattern"),
        max_length=120,
        blank=True,
        db_default="",
        help_text=_(
            "The whole number as on the label, in capitals, without spaces: TG1[0-9]{11} is TG1 and 11 digits. Empty where it is not confirmed."
        ),
    )
    serial_sample = models.CharField(
        _("a serial number that fits"),
        max_length=serial_patterns.LONGEST_NUMBER,
        blank=True,
        db_default="",
        help_text=_("One from a real label. The pattern is tried on it when you save."),
    )
    next_steps = models.TextField(
        _("what the customer does after the installation"),
        max_length=1000,
        blank=True,
        db_default="",
        help_text=_("One step a line; it stands in the message about a successful visit."),
    )
    approved_from = models.DateField(_("approved from"), null=True, blank=True)
    approved_until = models.DateField(_("approved until"), null=True, blank=True)
    history = HistoricalRecords()

    objects = ProductQuerySet.as_manager()

    class Meta:
        verbose_name = _("approved product")
        verbose_name_plural = _("Approved Product List")
        ordering = ["manufacturer", "model"]
        constraints = [
            models.UniqueConstraint(fields=["manufacturer", "model", "part_number"], name="one_row_per_product"),
            models.CheckConstraint(
                condition=models.Q(approved_until__isnull=True)
                | models.Q(approved_from__isnull=False, approved_until__gte=models.F("approved_from")),
                name="approval_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.manufacturer} {self.model}"

    def clean(self) -> None:
        """The pattern is one that phones read, too, and fits the sample. Raises `ValidationError` with the field."""
        super().clean()
        # A new row has the database's defaults until it's saved
        typed = {
            name: value
            for name in ("serial_pattern", "serial_sample")
            if isinstance(value := getattr(self, name), str)
        }
        if not typed.get("serial_pattern"):
            return
        try:
            self.serial_pattern = serial_patterns.read(typed["serial_pattern"])
        except ValidationError as error:
            raise ValidationError({"serial_pattern": error}) from error
        if not typed.get("serial_sample"):
            raise ValidationError(
                {"serial_sample": _("Enter a number from a label, so that the pattern can be tried.")}
            )
        if not serial_patterns.matches(typed["serial_sample"], self.serial_pattern):
            raise ValidationError(
                {"serial_sample": _("The pattern doesn't fit this number. One of the two is wrong.")}
            )

    @property
    def requires_storage(self) -> bool:
        return enums.Companion.STORAGE in self.required_companions

    @property
    def other_companions(self) -> list[enums.Companion]:
        """What it needs besides storage, for which the form has a question of its own."""
        needed = [companion for companion in enums.Companion if companion in self.required_companions]
        return [companion for companion in needed if companion != enums.Companion.STORAGE]

    @property
    def companions_in_words(self) -> str:
        return ", ".join(
            str(companion.label).lower() for companion in enums.Companion if companion in self.required_companions
        )

    @property
    def request_types_in_words(self) -> str:
        return ", ".join(
            str(request_type.label).lower() for request_type in enums.RequestType if request_type in self.request_types
        )

    @property
    def documents_by_key(self) -> dict[str, str]:
        """The titles of the documents that it asks for, each by what ties an upload to it."""
        return {document_key(title): title for title in self.required_documents}

    @property
    def steps(self) -> list[str]:
        """`next_steps`, one a line."""
        return [" ".join(line.split()) for line in self.next_steps.splitlines() if line.strip()]

    def serves(self, request_type: str) -> bool:
        return not self.request_types or request_type in self.request_types

    def is_approved_on(self, day: date) -> bool:
        return (
            self.approved_from is not None
            and self.approved_from <= day
            and (self.approved_until is None or day <= self.approved_until)
        )


def document_key(title: str) -> str:
    """Ties an upload to the document that a product asks for; it fits into `Document.topic`."""
    words = " ".join(title.casefold().split())
    return f"doc-{hashlib.sha256(words.encode()).hexdigest()[:16]}"


def normalized_panel_model(text: str) -> str:
    """Upper-case letters and digits only: matching survives spaces, dashes and case (E8)."""
    return "".join(character for character in text.upper() if character.isalnum())


class IncompatiblePanel(models.Model):
    """A panel model with double-sided clips (E8). A longer suffix matches too."""

    model = models.CharField(_("model"), max_length=60)
    normalized = models.CharField(max_length=60, unique=True, editable=False)
    note = models.CharField(_("note"), max_length=200, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("incompatible panel model")
        verbose_name_plural = _("incompatible panel models")
        ordering = ["model"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(normalized=""), name="panel_model_has_letters_or_digits")
        ]

    def __str__(self) -> str:
        return self.model

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.normalized = normalized_panel_model(self.model)
        super().save(*args, **kwargs)


class PanelRestriction(models.Model):
    """What visits taught: on this panel model, with this device or with any, the work cannot be done (E7).

    Accepted by a supervisor from a proposal with its evidence. A longer suffix of the model matches too.
    """

    panel_model = models.CharField(_("panel model"), max_length=60)
    normalized = models.CharField(max_length=60, editable=False)
    device = models.ForeignKey(
        Product,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="panel_restrictions",
        verbose_name=_("MSA"),
        help_text=_("Empty: whatever the device."),
    )
    explanation = models.CharField(_("what customers are told"), max_length=300)
    is_active = models.BooleanField(_("in use"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("panel restriction")
        verbose_name_plural = _("panel restrictions")
        ordering = ["panel_model"]
        constraints = [
            models.UniqueConstraint(fields=["normalized", "device"], name="one_restriction_per_panel_and_device"),
            models.UniqueConstraint(
                fields=["normalized"], condition=models.Q(device__isnull=True), name="one_restriction_per_panel"
            ),
            models.CheckConstraint(condition=~models.Q(normalized=""), name="restricted_panel_has_letters_or_digits"),
        ]

    def __str__(self) -> str:
        return f"{self.panel_model} · {self.device}" if self.device else self.panel_model

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.normalized = normalized_panel_model(self.panel_model)
        super().save(*args, **kwargs)


class CodedReason(models.Model):
    code = models.SlugField(_("code"), max_length=60, unique=True)
    title = models.CharField(_("title"), max_length=160)
    explanation = models.TextField(_("what it means, and what to do"), blank=True)
    rule = models.CharField(_("rule"), max_length=20, blank=True)
    is_active = models.BooleanField(_("in use"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        abstract = True
        ordering = ["position", "title"]

    def __str__(self) -> str:
        return self.title


class OutcomeReason(CodedReason):
    """Why a visit did not succeed (program.md, V), and whose responsibility that is (D3)."""

    responsible = models.CharField(_("responsible"), max_length=10, choices=enums.Responsible)
    at_site = models.BooleanField(
        _("somebody was at the site"),
        default=True,
        help_text=_("Without it the visit is moved instead of failed (D13)."),
    )
    proof = models.CharField(
        _("proof that it is put right"),
        max_length=20,
        choices=enums.CureProof,
        default=enums.CureProof.STATEMENT,
        help_text=_("Asked for before the next visit. A reason on the utility's side needs nothing."),
    )
    photo_topic = models.CharField(
        _("what the photo shows"),
        max_length=20,
        blank=True,
        choices=enums.PhotoTopic,
        help_text=_("For a proof with a photo."),
    )
    history = HistoricalRecords()

    class Meta(CodedReason.Meta):
        verbose_name = _("visit outcome reason")
        verbose_name_plural = _("visit outcome reasons")

    @property
    def side(self) -> str | Promise:
        return enums.Responsible(self.responsible).side

    @property
    def as_fact(self) -> fee_rules.Reason:
        """What the rules on fees look at."""
        return fee_rules.Reason(self.code, self.responsible, self.at_site)


class CorrectionReason(CodedReason):
    """A coded correction that staff may require, tied to a field of the form or to a document."""

    kind = models.CharField(_("kind"), max_length=20, choices=enums.CorrectionKind, default=enums.CorrectionKind.FIX)
    field = models.CharField(
        _("field of the form"), max_length=60, blank=True, help_text=_("Empty where it concerns no single field.")
    )
    check_code = models.CharField(_("screening check"), max_length=2, choices=enums.CheckCode, blank=True)
    document = models.CharField(_("document to send again"), max_length=20, choices=enums.DocumentKind, blank=True)
    photo_topic = models.CharField(_("what the photo shows"), max_length=20, choices=enums.PhotoTopic, blank=True)
    history = HistoricalRecords()

    class Meta(CodedReason.Meta):
        verbose_name = _("correction reason")
        verbose_name_plural = _("correction reasons")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(field="") | models.Q(document=""), name="correction_reason_has_one_subject"
            )
        ]


def _days(name: Any, default: int) -> models.PositiveSmallIntegerField[int, int]:
    return models.PositiveSmallIntegerField(
        name, default=default, validators=[MinValueValidator(1), MaxValueValidator(400)]
    )


class ProgramSettings(models.Model):
    """The decisions of program.md that are figures; one row, made on first use."""

    # Two people change these (D23): a person who could raise it alone would have no limit.
    ABOUT_MONEY = frozenset({"refund_alone_up_to_cents", "second_fee_when_customer_responsible"})

    draft_life_days = _days(_("a draft lives, days (D8)"), 90)
    first_reminder_days = _days(_("first reminder, days before the end (D8)"), 14)
    last_reminder_days = _days(_("last reminder, days before the end (D8)"), 3)
    nudge_days = _days(_("nudge about a draft that was left early, after days (D8)"), 3)
    quote_days = _days(_("a fee quote holds, days (D9)"), 14)
    service_order_from_days = _days(_("service order, earliest, business days (V1)"), 5)
    service_order_to_days = _days(_("service order, latest, business days (V1)"), 10)
    visit_days = _days(_("site visit, business days (V2)"), 30)
    auto_issue_days = models.PositiveSmallIntegerField(
        _("issue service orders by themselves after, business days"),
        null=True,
        blank=True,
        default=5,
        help_text=_("Empty: staff issue each service order."),
    )
    signing_link_days = _days(_("a signing link holds, days"), 14)
    signature_reminder_days = _days(_("remind a signer after, business days"), 2)
    signature_second_reminder_days = _days(_("remind a signer again after, business days"), 5)
    signature_last_reminder_days = _days(_("remind a signer a last time after, business days"), 10)
    authority_days = models.PositiveSmallIntegerField(
        _("an agent's authority lasts, days (D10)"),
        default=365,
        validators=[MinValueValidator(31), MaxValueValidator(1830)],
    )
    visit_minutes = models.PositiveSmallIntegerField(
        _("a visit takes, minutes, until closed visits say better"),
        default=60,
        db_default=60,
        validators=[MinValueValidator(5), MaxValueValidator(480)],
    )
    plan_days = models.PositiveSmallIntegerField(
        _("the planner looks ahead, business days"),
        default=5,
        db_default=5,
        validators=[MinValueValidator(1), MaxValueValidator(15)],
    )
    day_change_notice_days = models.PositiveSmallIntegerField(
        _("customers may ask for another day until, business days before"),
        default=2,
        db_default=2,
        validators=[MinValueValidator(1), MaxValueValidator(10)],
    )
    propose_rule_after = models.PositiveSmallIntegerField(
        _("propose a rule after, failed visits on one panel and device"),
        default=3,
        db_default=3,
        validators=[MinValueValidator(2), MaxValueValidator(50)],
    )
    second_fee_when_customer_responsible = models.BooleanField(
        _("a second visit is charged where the customer was responsible (D3)"), default=True
    )
    refund_alone_up_to_cents = models.PositiveIntegerField(
        _("who proposed a refund may approve it up to, cents"),
        default=5000,
        help_text=_("For all refunds and waivers of a payment. Above, a supervisor other than the proposer approves."),
    )
    refund_arrives_days = _days(_("a refund reaches the payer's account within, business days"), 10)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("program settings")
        verbose_name_plural = _("program settings")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_row_of_program_settings")]

    def __str__(self) -> str:
        return str(_("Program settings"))

    @classmethod
    def current(cls) -> ProgramSettings:
        row, _created = cls.objects.get_or_create(pk=1)
        return row


class AgreementWording(models.Model):
    """A version of the agreement's text (D19). Of those published, the one whose day came last is in force."""

    version = models.CharField(_("version"), max_length=20, unique=True)
    title = models.CharField(_("title"), max_length=160, default="MSA Customer Agreement")
    customer_terms = models.TextField(_("customer terms"))
    authorization = models.TextField(_("Authorization to Act as Agent to Request SCE Work"))
    submittal = models.TextField(_("Application Submittal Form"))
    consent = models.TextField(_("consent to sign electronically"))
    is_sample = models.BooleanField(_("sample: marked so on every page"), default=True)
    effective_on = models.DateField(
        _("in force from"),
        null=True,
        blank=True,
        help_text=_("Agreements made from this day on use it. Two supervisors publish it."),
    )
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    published_by = models.ForeignKey(
        "accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("agreement wording")
        verbose_name_plural = _("agreement wordings")
        ordering = ["-published_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(published_at__isnull=True) | models.Q(effective_on__isnull=False),
                name="published_wording_has_its_day",
            )
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.version}"


class ServiceAccount(models.Model):
    """A service account in the utility's system of record, as it was last imported (C5)."""

    account_number = models.CharField(_("account number"), max_length=20, unique=True)
    name = models.CharField(_("name on the account"), max_length=120)
    street = models.CharField(_("street address"), max_length=120)
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    city = models.CharField(_("city"), max_length=60)
    zip_code = models.CharField(_("ZIP code"), max_length=5)
    meter_number = models.CharField(_("meter number"), max_length=30, blank=True)
    service_class = models.CharField(_("service class"), max_length=20, choices=enums.ServiceClass)
    meter_kind = models.CharField(_("meter kind"), max_length=20, choices=enums.MeterKind)
    # Where the meter is, in degrees; empty where the record does not say.
    latitude = models.DecimalField(_("latitude"), max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField(_("longitude"), max_digits=9, decimal_places=6, null=True, blank=True)
    imported_at = models.DateTimeField(_("imported"), default=timezone.now)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("service account")
        verbose_name_plural = _("service accounts")
        ordering = ["account_number"]

    def __str__(self) -> str:
        return self.account_number
