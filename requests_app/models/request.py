"""The MSA request: facts, people, and the protected status."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser
from django.core.validators import RegexValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField

from msa_portal.db import Timestamped
from requests_app import enums
from requests_app.enums import Status
from requests_app.models import case as cases
from requests_app.models.accounts import account_key
from requests_app.models.case import Case
from requests_app.models.parties import acted_for_by, has_agent, listed_for
from requests_app.models.state_machine import StateMachine

if TYPE_CHECKING:
    from msa_portal.accounts.models import User


_MOST_PAGES = 8  # open at once, of which the last save is known
# Violated by a second submitted request for the account (D27): `lifecycle.transitions` says so in words.
ONE_FOR_EACH_ACCOUNT = "one_open_request_for_each_account"


class MSARequestQuerySet(models.QuerySet["MSARequest"]):
    _case_with: dict[str, Any] | None = None

    def with_case(self, *, whole: bool = False, already_read: Mapping[Any, Any] | None = None) -> MSARequestQuerySet:
        """Each request with its `case`: what the rules read, in a number of queries that doesn't grow with the rows.

        One query fetches the requests with the relations that have at most one row. Every other relation is
        read when a rule first asks for it, for all of these requests at once. `whole` adds who acted and who
        signed, for a request's own page. `already_read` is what the caller has read, keyed by the function
        that reads it (`Case.once`).
        """
        more = cases.OF_ITS_PAGE if whole else ()
        requests = self.annotate(**cases.JOINED, **cases.computed()).select_related(*cases.SELECTED, *more)
        requests._case_with = {"whole": whole, "already_read": already_read or {}}
        return requests

    def _clone(self) -> MSARequestQuerySet:
        # Every queryset method clones: the options travel along
        clone: MSARequestQuerySet = super()._clone()  # type: ignore[misc]
        clone._case_with = self._case_with
        return clone

    def _fetch_all(self) -> None:
        is_new = self._result_cache is None
        super()._fetch_all()
        rows: Any = self._result_cache
        if is_new and self._case_with and rows and isinstance(rows[0], MSARequest):
            cases.attach(rows, **self._case_with)

    def visible_to(self, user: User | AnonymousUser) -> MSARequestQuerySet:
        """The one place that decides who sees a request.

        The office sees all; an owner their own; a company's members those the company is agent of
        record for, until the customer revokes it (D10). Technicians see visits, not requests.
        """
        if isinstance(user, AnonymousUser) or not user.is_active:
            return self.none()
        if user.sees_all_requests:
            return self
        return self.acted_for_by(user)

    def acted_for_by(self, user: User) -> MSARequestQuerySet:
        """Whose owner that user is, or for whom their company acts (`parties.acts_for`)."""
        return self.filter(acted_for_by(user)) if user.is_active else self.none()

    def listed_for(self, user: User) -> MSARequestQuerySet:
        """What that person's lists show: of several companies, only the one that they work for now."""
        if user.sees_all_requests:
            return self
        return self.filter(listed_for(user)) if user.is_active else self.none()

    def awaiting_screening(self) -> MSARequestQuerySet:
        return self.filter(status__in=enums.SCREENABLE)

    def awaiting_service_order(self) -> MSARequestQuerySet:
        return self.filter(status__in=enums.ORDERABLE)

    def open(self) -> MSARequestQuerySet:
        return self.exclude(status__in=enums.FINAL)


def _yes_no(label: Any) -> models.BooleanField[Any, Any]:
    return models.BooleanField(label, null=True, blank=True)


class MSARequest(StateMachine, Timestamped):
    """One application. Facts that nobody has given yet are null or empty.

    The names of the eligibility facts are those of the public API, so that form, API and rules
    speak of the same thing.
    """

    # Null until the row has the id that the reference is made of.
    reference = models.CharField(_("reference"), max_length=20, unique=True, null=True, editable=False)  # noqa: DJ001
    status = FSMField(
        _("status"), default=Status.UNSUBMITTED, choices=Status, protected=True, db_index=True, max_length=30
    )
    version = models.PositiveIntegerField(default=1, help_text="Grows with each change of a fact.")
    fact_writes = models.JSONField(
        default=dict,
        editable=False,
        help_text="Of each fact the version that it was last written in, and by which page; of pages their last save.",
    )
    agreement_version = models.PositiveSmallIntegerField(
        default=0, editable=False, help_text="Of the newest agreement; 0 where none was prepared yet."
    )

    start_key = models.UUIDField(
        null=True, editable=False, help_text="Of the page that started it: sent twice, it starts one request."
    )

    # People
    owner = models.ForeignKey(
        "accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="msa_requests"
    )
    created_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    agent_company = models.ForeignKey(
        "accounts.Company", null=True, blank=True, on_delete=models.PROTECT, related_name="msa_requests"
    )
    agent = models.ForeignKey(
        "accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="agent_requests"
    )
    agent_revoked_at = models.DateTimeField(
        null=True, blank=True, help_text="When the customer took over this very request, or its authority ended."
    )
    authority = models.ForeignKey(
        "requests_app.AgentAuthority",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="requests",
    )

    # Who and where
    request_type = models.CharField(_("request type"), max_length=20, choices=enums.RequestType, blank=True)
    customer_name = models.CharField(_("name on the service account"), max_length=120, blank=True)
    customer_email = models.EmailField(_("customer's e-mail address"), blank=True)
    customer_phone = models.CharField(_("customer's phone"), max_length=30, blank=True)
    account_number = models.CharField(_("service account number"), max_length=20, blank=True)
    street = models.CharField(_("street address"), max_length=120, blank=True)
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    city = models.CharField(_("city"), max_length=60, blank=True)
    zip_code = models.CharField(
        _("ZIP code"), max_length=5, blank=True, validators=[RegexValidator(r"^\d{5}$", _("Enter five digits."))]
    )
    meter_number = models.CharField(_("meter number"), max_length=30, blank=True)
    project_number = models.CharField(_("interconnection project number"), max_length=30, blank=True)
    access_notes = models.TextField(_("how to reach the meter"), max_length=500, blank=True)
    account_key = models.CharField(
        max_length=60,
        blank=True,
        editable=False,
        db_index=True,
        help_text="The service account and the kind of work, as `holds_account` compares them; empty without both.",
    )
    holds_account = models.CharField(  # noqa: DJ001 (null: it holds none)
        max_length=60,
        null=True,
        editable=False,
        help_text="Its `account_key` when it was last submitted, until it's closed: no other request may hold it (D27).",
    )
    allowed_account = models.CharField(
        max_length=60,
        blank=True,
        editable=False,
        help_text="The `account_key` that staff allowed it to share with another open request (D27).",
    )
    allowed_account_because = models.CharField(
        _("why it may go on beside another request"), max_length=500, blank=True, editable=False
    )
    service_account = models.ForeignKey(
        "requests_app.ServiceAccount", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    record_check = models.CharField(max_length=10, choices=enums.RecordCheck, default=enums.RecordCheck.NOT_YET)

    # The meter and panel
    service_class = models.CharField(_("service class"), max_length=20, choices=enums.ServiceClass, blank=True)
    meter_kind = models.CharField(_("meter kind"), max_length=20, choices=enums.MeterKind, blank=True)
    service = models.CharField(_("service"), max_length=40, choices=enums.Service, blank=True)
    service_entrance = models.CharField(
        _("service entrance"), max_length=20, choices=enums.ServiceEntrance, blank=True
    )
    service_amps = models.PositiveSmallIntegerField(_("service rating (A)"), null=True, blank=True)
    panel_rating_amps = models.PositiveSmallIntegerField(_("panel rating (A)"), null=True, blank=True)
    panel_model = models.CharField(_("panel model"), max_length=60, blank=True)
    panel_model_confirmed = models.CharField(
        max_length=60,
        blank=True,
        editable=False,
        help_text="The panel model, normalized, that a person stood by when asked whether a listed one was meant (E8).",
    )
    double_sided_clips = _yes_no(_("double-sided clips"))
    service_requirement_violation = _yes_no(_("known violation or safety hazard"))

    # The adapter
    device = models.ForeignKey(
        "requests_app.Product", null=True, blank=True, on_delete=models.PROTECT, related_name="msa_requests"
    )
    existing_adapter = models.CharField(
        _("adapter that is there now"), max_length=10, choices=enums.ExistingAdapter, blank=True
    )
    has_solar = _yes_no(_("solar"))
    has_storage = _yes_no(_("energy storage"))
    has_companions = _yes_no(_("the further devices that the MSA needs"))
    backfeed_amps = models.PositiveSmallIntegerField(_("back-feed (A)"), null=True, blank=True)

    # What is on site
    liquid_tight_on_communication_cable = _yes_no(_("liquid-tight conduit on communication cables"))
    energized_conductors_in_liquid_tight = models.CharField(
        _("liquid-tight conduit on energized conductors"), max_length=10, choices=enums.LiquidTight, blank=True
    )
    communication_conduit_obstructs = _yes_no(_("conduit in the way of the pull section or a breaker opening"))
    device_in_waterproof_package = _yes_no(_("MSA by the meter in a waterproof package"))
    device_clean_dry_undamaged = _yes_no(_("MSA clean, dry and undamaged"))
    clear_meter_access = _yes_no(_("clear, safe access to the meter"))

    # What the owner states, after rule R5
    device_purchased = models.BooleanField(_("the MSA is bought from an approved vendor"), default=False)
    manufacturer_requirements_met = models.BooleanField(_("manufacturer's requirements are met"), default=False)

    open_corrections = models.PositiveSmallIntegerField(
        default=0, editable=False, help_text="Items that staff have not accepted; counted where items open and close."
    )

    # Clocks
    frozen_until = models.DateTimeField(
        null=True, blank=True, help_text="While a checkout is open the covered facts stand still (D15)."
    )
    debit = models.CharField(
        _("bank payment"),
        max_length=10,
        choices=enums.Debit,
        blank=True,
        editable=False,
        help_text="Of the open visit.",
    )
    debit_since = models.DateTimeField(null=True, editable=False, help_text="When the bank payment came to stand so.")
    customer_pays_until = models.DateTimeField(
        null=True, editable=False, help_text="The agent asked the customer to pay by a link, which works until then."
    )
    judged_on = models.DateField(
        null=True, blank=True, help_text="The day on which E6 is judged: when the fee form was opened (C6, D15)."
    )
    owner_acts_by = models.DateField(null=True, blank=True, help_text="The last day to act (D8).")
    waiting_since = models.DateTimeField(default=timezone.now, help_text="When the ball came to its present holder.")

    objects = MSARequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("MSA request")
        verbose_name_plural = _("MSA requests")
        ordering = ["-pk"]
        permissions = [
            ("screen_msarequest", _("Can screen requests")),
            ("withdraw_msarequest", _("Can withdraw a request on the customer's word")),
        ]
        indexes = [
            models.Index(fields=["owner", "-id"], name="requests_of_owner"),
            models.Index(fields=["agent_company", "-id"], name="requests_of_company"),
            models.Index(fields=["status", "waiting_since"], name="requests_by_status"),
            models.Index(fields=["status", "owner_acts_by"], name="requests_by_last_day"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["created_by", "start_key"], name="one_request_for_each_start"),
            models.UniqueConstraint(
                fields=["holds_account"],
                condition=~models.Q(allowed_account=models.F("holds_account")),
                name=ONE_FOR_EACH_ACCOUNT,
            ),
            models.CheckConstraint(
                condition=models.Q(holds_account__isnull=True)
                | ~models.Q(status__in=[Status.UNSUBMITTED, *sorted(enums.FINAL)]),
                name="only_open_requests_hold_an_account",
            ),
            models.CheckConstraint(
                condition=models.Q(status=Status.UNSUBMITTED)
                | models.Q(status=Status.WITHDRAWN)
                | ~models.Q(request_type=""),
                name="submitted_request_has_a_type",
            ),
            models.CheckConstraint(condition=models.Q(status__in=Status.values), name="known_status"),
            models.CheckConstraint(
                condition=models.Q(open_corrections=0)
                | models.Q(status__in=[Status.CORRECTIONS_REQUIRED, Status.REQUEST_SUBMITTED]),
                name="valid_request_has_no_open_correction",
            ),
        ]

    def __str__(self) -> str:
        return self.reference or str(_("New request"))

    def get_absolute_url(self) -> str:
        return reverse("requests:detail", args=[self.reference])

    def save(self, *args: Any, **kwargs: Any) -> None:
        names = kwargs.get("update_fields")
        if names is None or {"account_number", "request_type"} & set(names):
            self.account_key = account_key(self)
            kwargs |= {} if names is None else {"update_fields": [*names, "account_key"]}
        super().save(*args, **kwargs)

    @property
    def has_agent(self) -> bool:
        """An agent of record acts for the customer (D10)."""
        return has_agent(self)

    @property
    def case(self) -> Case:
        """Its related rows: kept if `with_case()` loaded it, else read again at each call."""
        kept: Case | None = self.__dict__.get("_case")
        return Case(self) if kept is None else kept

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        self.forget_related()
        super().refresh_from_db(*args, **kwargs)

    def forget_related(self) -> None:
        super().forget_related()
        self.__dict__.pop("_case", None)
        self.__dict__.pop("_under_lock", None)

    def facts_changed(self, names: Iterable[str], *, page: str = "") -> None:
        """Count a change of these facts, in a new version. Saves nothing."""
        self.version += 1
        written = self.fact_writes.setdefault("facts", {})
        written.update({name: [self.version, page] for name in names})

    def is_changed_since(self, name: str, version: int, *, own: Collection[str] = ()) -> bool:
        """Whether anybody else wrote that fact after `version`. What a page of one's own wrote is known to who types."""
        changed_in, by_page = self.fact_writes.get("facts", {}).get(name, (1, ""))
        return bool(changed_in > version and not (by_page and by_page in own))

    def takes_turn(self, page: str, turn: int) -> bool:
        """Whether this save of a page is newer than all that came from that page before. Saves nothing.

        A page numbers its saves, and each holds all that the ones before it may not have brought: a late one is void.
        """
        turns = self.fact_writes.get("turns", [])  # the latest last; PostgreSQL keeps the order of lists alone
        if turn <= dict(turns).get(page, 0):
            return False
        others = [entry for entry in turns if entry[0] != page]
        self.fact_writes["turns"] = [*others, [page, turn]][-_MOST_PAGES:]
        return True

    @property
    def is_frozen(self) -> bool:
        """A checkout is open: the facts are locked as they were when it opened (D15)."""
        return self.frozen_until is not None and self.frozen_until > timezone.now()

    @property
    def is_debit_under_way(self) -> bool:
        return self.debit == enums.Debit.UNDER_WAY

    @property
    def customer_pays(self) -> bool:
        """A link to pay is out with the customer."""
        return self.customer_pays_until is not None and self.customer_pays_until > timezone.now()

    @property
    def places_device(self) -> bool:
        return self.request_type in enums.PLACES_DEVICE

    @property
    def full_address(self) -> str:
        street = f"{self.street} {self.unit}".strip()
        return ", ".join(part for part in (street, self.city, f"CA {self.zip_code}".strip()) if part)
