import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("requests_app", "0016_seal"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="signature",
            name="drawing",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="requests_app.document",
            ),
        ),
        migrations.AddField(
            model_name="signingconsent",
            name="withdrawn_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="withdrawn"),
        ),
        migrations.AlterField(
            model_name="requestevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("submit", "Request submitted"),
                    ("require_corrections", "Corrections required"),
                    ("resubmit", "Corrections answered and sent back"),
                    ("deem_valid", "Request found valid"),
                    ("issue_service_order", "Service order issued"),
                    ("complete", "Site visit successful"),
                    ("fail", "Site visit unsuccessful"),
                    ("reschedule", "New site visit requested"),
                    ("modify", "Different MSA requested"),
                    ("withdraw", "Request withdrawn"),
                    ("created", "Request started"),
                    ("agent_named", "Agent of record named"),
                    ("agent_revoked", "Agent's authority ended"),
                    ("claimed", "Request taken over by the customer's account"),
                    ("agreement_prepared", "Agreement prepared"),
                    ("signature_requested", "Signature requested"),
                    ("invitation_canceled", "Invitation to sign canceled"),
                    ("consent_given", "Agreed to sign electronically"),
                    ("consent_withdrawn", "Agreement to sign electronically withdrawn"),
                    ("paper_sent", "Agreement signed on paper, sent in"),
                    ("paper_sent_back", "Pages signed on paper sent back"),
                    ("agreement_signed", "Agreement signed"),
                    ("agreement_executed", "Agreement signed by everyone"),
                    ("agreement_superseded", "Agreement replaced: an agreed fact changed"),
                    ("panel_model_confirmed", "Panel model confirmed as typed"),
                    ("readiness_stated", "Stated what will be put right by the visit"),
                    ("fee_raised", "Site visit fee raised"),
                    ("checkout_opened", "Payment started"),
                    ("fee_settled", "Site visit fee settled"),
                    ("payment_held", "Payment held for review"),
                    ("fee_disputed", "Payment disputed"),
                    ("dispute_closed", "Payment dispute closed"),
                    ("refund_proposed", "Refund proposed"),
                    ("refund_approved", "Refund approved"),
                    ("refund_declined", "Refund declined"),
                    ("refund_paid", "Refund sent"),
                    ("refund_failed", "Refund failed"),
                    ("screening_taken", "Screening started"),
                    ("follow_up_saved", "Next step saved"),
                    ("follow_up_canceled", "Next step canceled"),
                    ("product_document_sent", "Document for the device sent"),
                    ("product_rules_changed", "The rules of the chosen device changed"),
                    ("deadline_extended", "More time given"),
                    ("visit_scheduled", "Site visit scheduled"),
                    ("visit_moved", "Site visit moved"),
                    ("visit_started", "Meter technician on site"),
                    ("conflict_kept", "A second close-out was kept for review"),
                ],
                max_length=30,
            ),
        ),
        migrations.CreateModel(
            name="DocumentOpening",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "party",
                    models.CharField(
                        choices=[("customer", "Customer"), ("agent", "Agent")], max_length=10, verbose_name="party"
                    ),
                ),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail address")),
                ("document_sha256", models.CharField(max_length=64, verbose_name="SHA-256 of the document")),
                ("opened_at", models.DateTimeField(verbose_name="opened")),
                ("ip_address", models.GenericIPAddressField(null=True, verbose_name="address")),
                ("user_agent", models.CharField(blank=True, max_length=300, verbose_name="browser")),
                (
                    "agreement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="openings",
                        to="requests_app.agreement",
                    ),
                ),
                (
                    "user",
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
                "verbose_name": "opening of a document",
                "verbose_name_plural": "openings of documents",
            },
        ),
        migrations.AddField(
            model_name="signingconsent",
            name="opening",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="requests_app.documentopening",
            ),
        ),
    ]
