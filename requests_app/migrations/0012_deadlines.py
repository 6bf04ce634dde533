import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

NUDGE_DAYS = models.PositiveSmallIntegerField(
    default=3,
    validators=[
        django.core.validators.MinValueValidator(1),
        django.core.validators.MaxValueValidator(400),
    ],
    verbose_name="nudge about a draft that was left early, after days (D8)",
)


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("requests_app", "0010_paper"),
    ]
    operations = [
        migrations.AddField(model_name="programsettings", name="nudge_days", field=NUDGE_DAYS),
        migrations.AddField(model_name="historicalprogramsettings", name="nudge_days", field=NUDGE_DAYS.clone()),
        migrations.CreateModel(
            name="DeadlineReminder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("nudge", "Early nudge"), ("first", "First reminder"), ("last", "Last reminder")],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("deadline_on", models.DateField(verbose_name="last day to act")),
                ("sent_at", models.DateTimeField(auto_now_add=True)),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reminders",
                        to="requests_app.msarequest",
                    ),
                ),
            ],
            options={
                "verbose_name": "reminder",
                "verbose_name_plural": "reminders",
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("request", "kind", "deadline_on"), name="one_reminder_per_last_day"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "nudge")), fields=("request",), name="one_nudge_per_request"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DeadlineExtension",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("from_on", models.DateField(verbose_name="last day before")),
                ("to_on", models.DateField(verbose_name="last day now")),
                ("reason", models.TextField(max_length=500, verbose_name="reason")),
                ("extended_at", models.DateTimeField(auto_now_add=True)),
                (
                    "extended_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="extensions",
                        to="requests_app.msarequest",
                    ),
                ),
            ],
            options={
                "verbose_name": "deadline extension",
                "verbose_name_plural": "deadline extensions",
                "ordering": ["-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("to_on__gt", models.F("from_on"))), name="extension_gives_more_time"
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="msarequest",
            index=models.Index(fields=["status", "owner_acts_by"], name="requests_by_last_day"),
        ),
    ]
