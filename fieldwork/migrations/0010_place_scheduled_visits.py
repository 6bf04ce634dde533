"""Visits that customers know of stand on the board: without a placement, publishing would cancel them."""

from django.db import migrations

# The morning's stops come first ("morning" sorts after "afternoon" by name).
_ORDER = {"morning": 0, "afternoon": 1}


def place(apps, schema_editor):
    SiteVisit = apps.get_model("fieldwork", "SiteVisit")
    Lane = apps.get_model("fieldwork", "Lane")
    Placement = apps.get_model("fieldwork", "Placement")
    ProgramSettings = apps.get_model("requests_app", "ProgramSettings")
    settings = ProgramSettings.objects.first()
    minutes = settings.visit_minutes if settings else ProgramSettings._meta.get_field("visit_minutes").default
    visits = SiteVisit.objects.filter(state__in=["scheduled", "on_site"], placement__isnull=True)
    count = {}
    for visit in sorted(visits.iterator(), key=lambda row: (_ORDER[row.window], row.position or 0, row.pk)):
        lane, _created = Lane.objects.get_or_create(technician_id=visit.technician_id, on=visit.scheduled_on)
        count[lane.pk] = count.get(lane.pk, 0) + 1
        Placement.objects.create(
            visit=visit, lane=lane, window=visit.window, position=count[lane.pk], minutes=visit.minutes or minutes
        )


class Migration(migrations.Migration):
    dependencies = [("fieldwork", "0003_field"), ("requests_app", "0023_field_reference")]

    operations = [migrations.RunPython(place, migrations.RunPython.noop)]
