import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("requests_app", "0019_authorities_given_before"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="msarequest",
            name="record_check",
            field=models.CharField(
                choices=[
                    ("not_yet", "Not checked yet"),
                    ("matches", "Matches the utility's record"),
                    ("differs", "Differs from the utility's record"),
                    ("later", "Checked later: the utility's record does not answer now"),
                ],
                default="not_yet",
                max_length=10,
            ),
        ),
        migrations.CreateModel(
            name="RecordComparison",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[("compared", "Compared"), ("waits", "Could not be compared yet")],
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("has_account", models.BooleanField(default=False)),
                ("fields", models.JSONField(default=list, verbose_name="fields")),
                (
                    "failure",
                    models.CharField(
                        blank=True,
                        help_text="Why the last attempt gave no answer: a code, for operators.",
                        max_length=40,
                    ),
                ),
                ("tried_at", models.DateTimeField(verbose_name="last tried")),
                ("checked_at", models.DateTimeField(blank=True, null=True, verbose_name="compared")),
                (
                    "checked_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "request",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="record_comparison",
                        to="requests_app.msarequest",
                    ),
                ),
            ],
            options={
                "verbose_name": "comparison with the record",
                "verbose_name_plural": "comparisons with the record",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("checked_at__isnull", True), ("state", "waits")),
                            models.Q(("checked_at__isnull", False), ("state", "compared")),
                            _connector="OR",
                        ),
                        name="record_comparison_compared_has_a_time",
                    )
                ],
            },
        ),
    ]
