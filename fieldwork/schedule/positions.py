"""Where a site is: as the utility's record says, else the middle of its ZIP code, or as a dispatcher put it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache

from django.db import transaction
from django.utils.translation import gettext as _

from fieldwork.models import District, DistrictZip, ServiceOrder
from msa_portal.accounts.models import User
from msa_portal.db import lock
from msa_portal.errors import Refused
from requests_app.models import ServiceAccount

Degrees = tuple[Decimal, Decimal]
_MICRO = Decimal("0.000001")


PLACE = ("latitude", "longitude", "position_source", "district")


def locate(order: ServiceOrder) -> bool:
    """Fill in position and district of an order, and save them; returns whether a position was found.

    A position that a dispatcher set stays.
    """
    fill_in(order)
    order.save(update_fields=[*PLACE, "updated_at"])
    return order.latitude is not None


def fill_in(order: ServiceOrder) -> None:
    """The same, without saving."""
    msa_request = order.round.msa_request
    zip_code = msa_request.zip_code[:5]
    if order.position_source != ServiceOrder.Position.DISPATCHER:
        record = _of_record(msa_request.account_number)
        position = record or middle_of(zip_code)
        order.latitude, order.longitude = position or (None, None)
        order.position_source = ""
        if position:
            source = ServiceOrder.Position
            order.position_source = source.RECORD if record else source.ZIP_CODE
    row = DistrictZip.objects.filter(zip_code=zip_code).select_related("district").first()
    order.district = row.district if row else None


def _of_record(account_number: str) -> Degrees | None:
    rows = ServiceAccount.objects.filter(account_number=account_number, latitude__isnull=False)
    position = rows.exclude(longitude=None).values_list("latitude", "longitude").first() if account_number else None
    return (position[0], position[1]) if position and position[0] is not None and position[1] is not None else None


@lru_cache(maxsize=4096)
def middle_of(zip_code: str) -> Degrees | None:
    """The middle of a ZIP code, from the list that the package carries; None for one that it does not know."""
    import zipcodes  # noqa: PLC0415  (reads its list of all ZIP codes)

    try:
        places = zipcodes.matching(zip_code)
    except (TypeError, ValueError):
        return None
    if not places:
        return None
    return Decimal(places[0]["lat"]).quantize(_MICRO), Decimal(places[0]["long"]).quantize(_MICRO)


def move_position(order: ServiceOrder, latitude: Decimal, longitude: Decimal, *, by: User) -> ServiceOrder:
    """A dispatcher puts the position right. It then stays, whatever record or ZIP code say.

    Raises `Refused` with the field where a figure is no position on earth.
    """
    if not by.has_perm("fieldwork.schedule_sitevisit"):
        raise Refused(_("Only a dispatcher moves the position of a site."), code="not_allowed")
    _check_degrees("latitude", latitude, 90)
    _check_degrees("longitude", longitude, 180)
    with transaction.atomic():
        fresh = lock(order)
        fresh.latitude, fresh.longitude = latitude.quantize(_MICRO), longitude.quantize(_MICRO)
        fresh.position_source = ServiceOrder.Position.DISPATCHER
        fresh.save(update_fields=["latitude", "longitude", "position_source", "updated_at"])
    order.refresh_from_db()
    return order


def _check_degrees(field: str, value: Decimal, most: int) -> None:
    if not value.is_finite() or abs(value) > most:
        words = _("Enter degrees from %(least)s to %(most)s.") % {"least": -most, "most": most}
        raise Refused(words, code="position", fields={field: words})


def draw_district(district: District, zip_codes: Iterable[str], *, by: User) -> int:
    """The district holds just these ZIP codes now; open orders in them, or in it before, follow. How many did.

    Raises `Refused` where a ZIP code is another district's.
    """
    if not by.has_perm("fieldwork.change_district"):
        raise Refused(_("Only a dispatcher draws districts."), code="not_allowed")
    wanted = set(zip_codes)
    with transaction.atomic():
        lock(district)
        taken = DistrictZip.objects.filter(zip_code__in=wanted).exclude(district=district).first()
        if taken is not None:
            raise Refused(_("%(code)s is in another district already.") % {"code": taken.zip_code}, code="taken")
        district.zips.exclude(zip_code__in=wanted).delete()
        known = set(district.zips.values_list("zip_code", flat=True))
        DistrictZip.objects.bulk_create(
            DistrictZip(district=district, zip_code=code) for code in sorted(wanted - known)
        )
        return follow_districts()


def follow_districts() -> int:
    """Open orders are in the district that holds their ZIP code now. Three queries and the writing; how many changed."""
    by_zip = dict(DistrictZip.objects.values_list("zip_code", "district"))
    rows = ServiceOrder.objects.select_for_update(of=("self",)).filter(state=ServiceOrder.State.OPEN)
    changed = []
    with transaction.atomic():
        for order in rows.select_related("round__msa_request").order_by("pk"):
            district = by_zip.get(order.round.msa_request.zip_code[:5])
            if order.district_id != district:
                order.district_id = district
                changed.append(order)
        ServiceOrder.objects.bulk_update(changed, ["district"], batch_size=500)
    return len(changed)


def locate_missing() -> int:
    """Orders that were issued before positions were kept: how many were found."""
    rows = ServiceOrder.objects.filter(state=ServiceOrder.State.OPEN).select_related("round__msa_request")
    missing = rows.filter(latitude__isnull=True)
    located = 0
    for order in missing.iterator():
        with transaction.atomic():
            located += locate(lock(order))
    return located
