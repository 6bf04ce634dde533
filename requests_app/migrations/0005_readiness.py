import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("requests_app", "0004_documents"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="msarequest",
            name="panel_model_confirmed",
            field=models.CharField(
                blank=True,
                editable=False,
                help_text="The panel model, normalized, that a person stood by when asked whether a listed one was meant (E8).",
                max_length=60,
            ),
        ),
        migrations.CreateModel(
            name="PanelModelAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("typed", models.CharField(max_length=60, verbose_name="as typed")),
                ("suggested", models.CharField(max_length=60, verbose_name="asked about")),
                ("was_meant", models.BooleanField(verbose_name="the listed model was meant")),
                ("answered_at", models.DateTimeField(auto_now_add=True)),
                (
                    "answered_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="panel_answers",
                        to="requests_app.msarequest",
                    ),
                ),
            ],
            options={
                "verbose_name": "answer about a panel model",
                "verbose_name_plural": "answers about panel models",
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="ReadinessStatement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("findings", models.JSONField(verbose_name="findings")),
                ("text", models.TextField(verbose_name="statement")),
                ("stated_at", models.DateTimeField(auto_now_add=True)),
                ("superseded_at", models.DateTimeField(blank=True, null=True)),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="readiness_statements",
                        to="requests_app.msarequest",
                    ),
                ),
                (
                    "stated_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "readiness statement",
                "verbose_name_plural": "readiness statements",
                "ordering": ["-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("superseded_at__isnull", True)),
                        fields=("request",),
                        name="one_current_readiness_statement",
                    )
                ],
            },
        ),
    ]
