import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


def name_customers(apps, schema_editor):
    """Each authority is one customer's: one that covered requests of several is parted."""
    authorities = apps.get_model("requests_app", "AgentAuthority")
    requests = apps.get_model("requests_app", "MSARequest")
    for row in authorities.objects.order_by("pk"):
        by_address = {}
        for request in requests.objects.filter(authority=row).select_related("owner").order_by("pk"):
            address = (request.owner.email if request.owner else request.customer_email).lower()
            by_address.setdefault(address, []).append(request)
        for place, (address, theirs) in enumerate(by_address.items()):
            if place:
                row.pk = None
            row.customer_email, row.customer = address, theirs[0].owner
            row.save()
            requests.objects.filter(pk__in=[request.pk for request in theirs]).update(authority=row)
    schema_editor.connection.check_constraints()  # PostgreSQL alters no table with checks that still wait


def date_wordings(apps, schema_editor):
    for model in ("AgreementWording", "HistoricalAgreementWording"):
        for row in apps.get_model("requests_app", model).objects.exclude(published_at=None):
            row.effective_on = row.published_at.date()
            row.save(update_fields=["effective_on"])
    schema_editor.connection.check_constraints()


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_encrypt_second_factors'),
        ('requests_app', '0004_company_closed'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='agentauthority',
            name='one_authority_in_force_per_account_and_company',
        ),
        migrations.RemoveField(
            model_name='msarequest',
            name='agent_until',
        ),
        migrations.AddField(
            model_name='agentauthority',
            name='customer',
            field=models.ForeignKey(blank=True, help_text='Empty until the customer has an account.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='authorities_given', to=settings.AUTH_USER_MODEL, verbose_name='customer'),
        ),
        migrations.AddField(
            model_name='agentauthority',
            name='customer_email',
            field=models.EmailField(default='', help_text='As the signature proved it.', max_length=254, verbose_name="customer's email address"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='agreementwording',
            name='effective_on',
            field=models.DateField(blank=True, help_text='Agreements made from this day on use it. Two supervisors publish it.', null=True, verbose_name='in force from'),
        ),
        migrations.AddField(
            model_name='historicalagreementwording',
            name='effective_on',
            field=models.DateField(blank=True, help_text='Agreements made from this day on use it. Two supervisors publish it.', null=True, verbose_name='in force from'),
        ),
        migrations.RunPython(name_customers, migrations.RunPython.noop),
        migrations.RunPython(date_wordings, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='msarequest',
            name='agent_revoked_at',
            field=models.DateTimeField(blank=True, help_text='When the customer took over this very request, or its authority ended.', null=True),
        ),
        migrations.AddConstraint(
            model_name='agentauthority',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('customer_email', 'account_number', 'company'), name='one_authority_in_force_per_customer_account_company'),
        ),
        migrations.AddConstraint(
            model_name='agentauthority',
            constraint=models.CheckConstraint(condition=models.Q(('customer_email', django.db.models.functions.text.Lower('customer_email'))), name='authority_names_its_customer_in_lower_case'),
        ),
        migrations.AddConstraint(
            model_name='agreementwording',
            constraint=models.CheckConstraint(condition=models.Q(('published_at__isnull', True), ('effective_on__isnull', False), _connector='OR'), name='published_wording_has_its_day'),
        ),
        migrations.AlterField(
            model_name='historicalprogramsettings',
            name='refund_alone_up_to_cents',
            field=models.PositiveIntegerField(default=5000, help_text='For all refunds and waivers of a payment. Above, a supervisor other than the proposer approves.', verbose_name='who proposed a refund may approve it up to, cents'),
        ),
        migrations.AlterField(
            model_name='programsettings',
            name='refund_alone_up_to_cents',
            field=models.PositiveIntegerField(default=5000, help_text='For all refunds and waivers of a payment. Above, a supervisor other than the proposer approves.', verbose_name='who proposed a refund may approve it up to, cents'),
        ),
    ]
