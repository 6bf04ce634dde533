"""People, the companies that agents work for, and what each person may see by role."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser, Group
from django.db import models
from django.db.models.functions import Lower
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from msa_portal.accounts.roles import DESK_ROLES, OFFICE_ROLES, SECOND_FACTOR_ROLES, Role
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
        return frozenset(company for _name, company in self._access if company)

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
    """A certified vendor, contractor or installer whose people act as agents (program.md, People)."""

    name = models.CharField(_("company name"), max_length=160)
    license_number = models.CharField(_("contractor license number"), max_length=40, blank=True)
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    email = models.EmailField(_("e-mail address"), blank=True)
    address = models.CharField(_("address"), max_length=240, blank=True)
    members = models.ManyToManyField(User, through="Membership", related_name="companies")

    class Meta:
        verbose_name = _("company")
        verbose_name_plural = _("companies")
        constraints = [models.UniqueConstraint(Lower("name"), name="one_company_per_name")]

    def __str__(self) -> str:
        return self.name


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
