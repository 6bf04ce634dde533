"""Services that change reference data beyond what a form in the admin saves."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.db import lock
from msa_portal.errors import Refused, Stale
from requests_app import product_rules
from requests_app.models import AgreementWording, Product


def publish_wording(wording: AgreementWording, *, by: User) -> AgreementWording:
    """Put a wording in force (D19). The ones before it stay, for the agreements that were made of them."""
    if not by.has_perm("requests_app.change_agreementwording"):
        raise Refused(_("Only a supervisor may publish a wording. Ask one to do it."), code="not_allowed")
    with transaction.atomic():
        fresh = lock(wording)
        if fresh.published_at and fresh.published_by:
            raise Stale(
                _("%(who)s published this wording already. Nothing has changed.") % {"who": fresh.published_by},
                code="already_published",
            )
        fresh.published_at, fresh.published_by = timezone.now(), by
        fresh.save()
    return fresh


def end_approval(product: Product, *, on: date, by: User) -> Product:
    """Take a product off the list: `on` is the last day on which it counts as approved (E6)."""
    if not by.has_perm("requests_app.change_product"):
        raise Refused(_("Only a supervisor may change the product list. Ask one to do it."), code="not_allowed")
    with transaction.atomic():
        fresh = lock(product)
        if not fresh.is_approved_on(on):
            raise Refused(
                _("%(product)s is not approved today, so there is nothing to end.") % {"product": fresh},
                code="not_approved",
            )
        fresh.approved_until = on
        product_rules.save(fresh, by=by)
    return fresh
