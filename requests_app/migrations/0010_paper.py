import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models

REASONS = [
    ("not_signed", "A signature is missing", "Sign at each line that has your name, then send the pages again."),
    ("wrong_version", "Another version of the agreement", "Print the agreement from its page again: it has changed."),
    ("unreadable", "The pages cannot be read", "Take the photos in good light, from above, one page each."),
    ("page_missing", "A page is missing", "Send all pages of the section, from its title to the signature."),
    ("name_differs", "The name is another one", "The person who is named in the agreement signs it."),
    ("not_dated", "The date is missing", "Write the day on which you signed beside the signature."),
]


def add_reasons(apps, schema_editor):
    reasons = apps.get_model("requests_app", "PaperReason")
    for position, (code, title, explanation) in enumerate(REASONS, start=1):
        reasons.objects.create(code=code, title=title, explanation=explanation, position=position * 10)


class Migration(migrations.Migration):
    dependencies = [
        ("requests_app", "0008_envelope"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PaperReason",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.SlugField(max_length=60, unique=True, verbose_name="code")),
                ("title", models.CharField(max_length=160, verbose_name="title")),
                ("explanation", models.TextField(blank=True, verbose_name="what it means, and what to do")),
                ("rule", models.CharField(blank=True, max_length=20, verbose_name="rule")),
                ("is_active", models.BooleanField(default=True, verbose_name="in use")),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
            ],
            options={
                "verbose_name": "reason to send paper back",
                "verbose_name_plural": "reasons to send paper back",
                "ordering": ["position", "title"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="HistoricalPaperReason",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("code", models.SlugField(max_length=60, verbose_name="code")),
                ("title", models.CharField(max_length=160, verbose_name="title")),
                ("explanation", models.TextField(blank=True, verbose_name="what it means, and what to do")),
                ("rule", models.CharField(blank=True, max_length=20, verbose_name="rule")),
                ("is_active", models.BooleanField(default=True, verbose_name="in use")),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical reason to send paper back",
                "verbose_name_plural": "historical reasons to send paper back",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="PaperSigning",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "party",
                    models.CharField(
                        choices=[("customer", "Customer"), ("agent", "Agent")], max_length=10, verbose_name="party"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("sent", "Waits for program staff"),
                            ("accepted", "Accepted"),
                            ("sent_back", "Sent back"),
                            ("replaced", "Replaced by newer pages"),
                        ],
                        default="sent",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("sent_at", models.DateTimeField(auto_now_add=True, verbose_name="sent")),
                ("sent_from", models.EmailField(max_length=254, verbose_name="e-mail address")),
                (
                    "agreement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="papers", to="requests_app.agreement"
                    ),
                ),
                ("documents", models.ManyToManyField(related_name="papers", to="requests_app.document")),
                (
                    "sent_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "signature on paper",
                "verbose_name_plural": "signatures on paper",
                "ordering": ["sent_at"],
            },
        ),
        migrations.CreateModel(
            name="PaperSection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "section",
                    models.CharField(
                        choices=[
                            ("customer_terms", "Customer terms"),
                            ("authorization", "Authorization to Act as Agent to Request SCE Work"),
                            ("submittal", "Application Submittal Form"),
                        ],
                        max_length=20,
                        verbose_name="section",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("sent", "Waits for program staff"),
                            ("accepted", "Accepted"),
                            ("sent_back", "Sent back"),
                            ("replaced", "Replaced by newer pages"),
                        ],
                        default="sent",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=500, verbose_name="note")),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "reason",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="requests_app.paperreason",
                    ),
                ),
                (
                    "paper",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sections",
                        to="requests_app.papersigning",
                    ),
                ),
            ],
            options={
                "verbose_name": "section signed on paper",
                "verbose_name_plural": "sections signed on paper",
                "ordering": ["pk"],
            },
        ),
        migrations.AddConstraint(
            model_name="papersigning",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "sent")),
                fields=("agreement", "party"),
                name="one_waiting_paper_per_party",
            ),
        ),
        migrations.AddConstraint(
            model_name="papersection",
            constraint=models.UniqueConstraint(fields=("paper", "section"), name="one_decision_per_section"),
        ),
        migrations.AddConstraint(
            model_name="papersection",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at__isnull", True), ("state", "sent")),
                    models.Q(("decided_at__isnull", False), ("state", "accepted")),
                    models.Q(("decided_at__isnull", False), ("reason__isnull", False), ("state", "sent_back")),
                    ("state", "replaced"),
                    _connector="OR",
                ),
                name="paper_sent_back_has_a_reason",
            ),
        ),
        migrations.AlterField(
            model_name="signature",
            name="email_proof",
            field=models.CharField(
                choices=[("account", "Signed-in account"), ("link", "Mailed link"), ("paper", "Signed on paper")],
                max_length=10,
            ),
        ),
        migrations.RunPython(add_reasons, migrations.RunPython.noop, elidable=False),
    ]
