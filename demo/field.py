"""Where the demo's vans start, what its technicians can do, and when they work."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal

from demo import accounts
from fieldwork.models import Absence, District, DistrictZip, Skill, Technician, Weekday, WorkingHours, Yard
from fieldwork.schedule import positions
from msa_portal.accounts.models import User
from msa_portal.accounts.roles import Role
from msa_portal.business_days import calendar
from requests_app.enums import RequestType

YARDS = {
    "Monrovia": (Decimal("34.135900"), Decimal("-117.999700")),
    "Covina": (Decimal("34.082500"), Decimal("-117.889300")),
}
DISTRICTS = {
    "Foothills West": ["91006", "91007", "91010", "91016"],
    "Foothills East": ["91702", "91740", "91741", "91750", "91773"],
    "Valley": ["91722", "91723", "91790", "91791"],
}
SKILLS = {
    "commercial-panels": ("Commercial panels", []),
    "removals": ("Removal of an adapter", [RequestType.REMOVAL.value]),
}
# Nobody signs in as these two: they fill the board.
MORE_TECHNICIANS = {"T-1003": "Nia Cole", "T-1004": "Omar Finn"}


def make_places() -> None:
    for name, (latitude, longitude) in YARDS.items():
        Yard.objects.create(name=name, latitude=latitude, longitude=longitude)
    for name, zip_codes in DISTRICTS.items():
        district = District.objects.create(name=name)
        DistrictZip.objects.bulk_create(DistrictZip(district=district, zip_code=code) for code in zip_codes)
    for code, (title, kinds) in SKILLS.items():
        Skill.objects.get_or_create(code=code, defaults={"title": title, "request_types": kinds})


def equip_technicians(today: date) -> None:
    """Tess goes anywhere and can do all; the others have their districts, and one works from home."""
    skills = {skill.code: skill for skill in Skill.objects.all()}
    for number, name in MORE_TECHNICIANS.items():
        user = User.objects.create(email=f"{number.lower()}@example.com", name=name, phone="626-555-0100")
        user.set_unusable_password()
        user.save()
        user.grant(Role.TECHNICIAN)
        Technician.objects.create(user=user, employee_number=number)
    people = {technician.employee_number: technician for technician in Technician.objects.all()}
    tess, theo = people[accounts.TECHNICIAN.employee_number], people[accounts.SECOND_TECHNICIAN.employee_number]
    nia, omar = people["T-1003"], people["T-1004"]
    for technician, yard in ((tess, "Monrovia"), (theo, "Covina"), (nia, "Covina")):
        technician.yard = Yard.objects.get(name=yard)
    omar.home_latitude, omar.home_longitude = Decimal("34.106500"), Decimal("-117.808900")
    omar.daily_minutes = 300
    for technician in people.values():
        technician.save()
    tess.skills.set(skills.values())
    theo.skills.set([skills["removals"]])
    theo.districts.set(District.objects.filter(name__in=["Valley", "Foothills East"]))
    nia.districts.set(District.objects.filter(name="Valley"))
    omar.districts.set(District.objects.filter(name="Foothills East"))
    _hours(theo, time(7), time(15, 30))
    _hours(omar, time(8), time(14))
    days = calendar.load()
    Absence.objects.create(technician=nia, from_on=days.add(today, 2), until_on=days.add(today, 2))
    Absence.objects.create(
        technician=theo, from_on=days.add(today, 3), until_on=days.add(today, 3), part=Absence.Part.AFTERNOON
    )


def _hours(technician: Technician, starts: time, ends: time) -> None:
    for weekday in Weekday:
        WorkingHours.objects.create(technician=technician, weekday=weekday, starts=starts, ends=ends)


def position_of(zip_code: str, number: int) -> dict[str, Decimal]:
    """Somewhere around the middle of the ZIP code, another place for each number."""
    middle = positions.middle_of(zip_code)
    if middle is None:
        return {}
    north, east = (number * 37) % 21 - 10, (number * 53) % 21 - 10
    return {
        "latitude": middle[0] + Decimal(north) / 1000,
        "longitude": middle[1] + Decimal(east) / 1000,
    }
