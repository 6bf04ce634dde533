"""People, the companies that agents work for, and what each person may see by role."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser, Group
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from msa_portal.accounts.companies.licenses import classification_shape, number_shape
from msa_portal.accounts.roles import DESK_ROLES, OFFICE_ROLES, SECOND_FACTOR_ROLES, Role
from msa_portal.business_days.calendar import local_day
from msa_portal.db import Timestamped


class UserManager(BaseUserManager["User"]):
    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractUser):
    """A person, known by e-mail address."""

    username = None  # type: ignore[assignment]  # Django takes a field out by this
    first_name = None  # type: ignore[assignment]  # likewise
    last_name = None  # type: ignore[assignment]  # likewise
    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("full name"), max_length=120)
    phone = models.CharField(_("phone"), max_length=30, blank=True)

    # The company that a person of several chose to work for in this session, if any (CurrentCompanyMiddleware).
    chosen_company_id: int | None = None

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = UserManager()  # type: ignore[assignment,misc]  # of this class, not of AbstractUser

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [models.UniqueConstraint(Lower("email"), name="one_user_per_email_in_any_case")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email

    @cached_property
    def roles(self) -> frozenset[Role]:
        """The staff roles; empty for customers and agents."""
        if not self.is_active:
            return frozenset()
        return frozenset(Role(name) for name, _company in self._access if name in Role.values)

    @cached_property
    def company_ids(self) -> frozenset[int]:
        """The companies whose requests the person may see and act on. None for the utility's own people, whatever rows there are."""
        if self.is_staff or self.is_superuser or self.roles:
            return frozenset()
        return frozenset(company for _name, company in self._access if company)

    @property
    def current_company_id(self) -> int | None:
        """The company that lists and new requests are of: the one chosen in this session, else the person's first."""
        if self.chosen_company_id in self.company_ids:
            return self.chosen_company_id
        return min(self.company_ids, default=None)

    @cached_property
    def current_company(self) -> Company | None:
        return Company.objects.filter(pk=self.current_company_id).first() if self.current_company_id else None

    @cached_property
    def _access(self) -> list[tuple[str, int]]:
        """Names of groups and keys of companies, in one query: every page asks for both."""
        groups = self.groups.values_list("name", models.Value(0, models.BigIntegerField()))
        companies = self.memberships.values_list(models.Value("", models.CharField()), "company_id")
        return list(groups.union(companies, all=True))

    @property
    def is_agent(self) -> bool:
        return bool(self.company_ids)

    @property
    def sees_all_requests(self) -> bool:
        return self.is_active and (self.is_superuser or bool(self.roles & OFFICE_ROLES))

    @property
    def is_technician(self) -> bool:
        return Role.TECHNICIAN in self.roles

    @property
    def needs_second_factor(self) -> bool:
        return self.is_superuser or self.is_staff or bool(self.roles & SECOND_FACTOR_ROLES)

    def grant(self, role: Role) -> None:
        """Put the person in the role's group; roles of the staff desk may sign in to the admin."""
        self.groups.add(Group.objects.get(name=role.value))
        if role in DESK_ROLES and not self.is_staff:
            self.is_staff = True
            self.save(update_fields=["is_staff"])
        self.__dict__.pop("_access", None)
        self.__dict__.pop("roles", None)


class Company(Timestamped):
    """A certified vendor, contractor or installer whose people act as agents (program.md, People).

    `verified_at` says that program staff looked the company up. Until then its own words stand in no subject or
    greeting of email to strangers (D21). `license_expires_on` is what staff read when they last verified it, and
    outlives the verification: editing the number doesn't undo a lapse.
    """

    name = models.CharField(_("company name"), max_length=160)
    license_number = models.CharField(_("CSLB license number"), max_length=8, blank=True, validators=[number_shape])
    license_classification = models.CharField(
        _("license classification"), max_length=40, blank=True, validators=[classification_shape]
    )
    license_expires_on = models.DateField(_("license expires"), null=True, blank=True)
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    email = models.EmailField(_("e-mail address"), blank=True)
    address = models.CharField(_("address"), max_length=240, blank=True)
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True, editable=False)
    verified_by = models.ForeignKey(
        User, null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True, editable=False)
    members = models.ManyToManyField(User, through="Membership", related_name="companies")

    class Meta:
        verbose_name = _("company")
        verbose_name_plural = _("companies")
        permissions = [("verify_company", _("Can verify a company"))]
        constraints = [
            models.UniqueConstraint(
                Lower("name"), condition=models.Q(closed_at__isnull=True), name="one_open_company_per_name"
            ),
            models.CheckConstraint(
                condition=models.Q(verified_at__isnull=True, verified_by__isnull=True)
                | models.Q(verified_at__isnull=False, verified_by__isnull=False),
                name="verified_company_says_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_verified(self) -> bool:
        return self.verified_at is not None

    @property
    def license_expires_soon(self) -> bool:
        """Within 30 days, the last one included."""
        left = (self.license_expires_on - local_day(timezone.now())).days if self.license_expires_on else -1
        return 0 <= left <= 30

    @property
    def license_has_lapsed(self) -> bool:
        """Past its last day: no new request is started for the company; those that are open go on."""
        return self.license_expires_on is not None and self.license_expires_on < local_day(timezone.now())


class Membership(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="memberships")
    is_manager = models.BooleanField(_("manages the company's members"), default=False)
    joined_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [models.UniqueConstraint(fields=["user", "company"], name="one_membership_per_company")]

    def __str__(self) -> str:
        return f"{self.user} · {self.company}"


class MembershipInvitation(models.Model):
    """Asks the holder of an address to join a company (D21). A person who proves that address can accept it, signed in."""

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(_("e-mail address"))
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(
        null=True, blank=True, help_text="Withdrawn, declined, or replaced by a newer one."
    )

    class Meta:
        verbose_name = _("invitation to join a company")
        verbose_name_plural = _("invitations to join a company")
        constraints = [
            models.UniqueConstraint(
                "company",
                Lower("email"),
                condition=models.Q(accepted_at__isnull=True, ended_at__isnull=True),
                name="one_open_invitation_per_company_and_address",
            )
        ]

    def __str__(self) -> str:
        return f"{self.company_id} {self.email}"

    @property
    def has_expired(self) -> bool:
        return self.expires_at <= timezone.now()
