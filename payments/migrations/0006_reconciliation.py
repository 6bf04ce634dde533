"""What the comparison with the provider keeps beside its days, and who may take the ledger away."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0005_ledger_constraints'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='ledgerentry',
            options={'ordering': ['-pk'], 'permissions': [('export_ledgerentry', 'Can export the ledger')], 'verbose_name': 'ledger entry', 'verbose_name_plural': 'ledger'},
        ),
        migrations.CreateModel(
            name='ReconciliationLease',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('holder', models.UUIDField()),
                ('until', models.DateTimeField()),
                ('only', models.BooleanField(default=True, editable=False, unique=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='reconciliationitem',
            name='one_item_per_difference',
        ),
        migrations.AddField(
            model_name='reconciledday',
            name='passed_over',
            field=models.PositiveIntegerField(default=0, verbose_name='movements that are not ours'),
        ),
        migrations.AddField(
            model_name='reconciliationitem',
            name='category',
            field=models.CharField(default='', max_length=40, verbose_name='kind of movement'),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='reconciliationitem',
            name='currency',
            field=models.CharField(default='usd', max_length=3, verbose_name='currency'),
        ),
        migrations.AddField(
            model_name='reconciliationitem',
            name='told_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name='reconciledday',
            name='state',
            field=models.CharField(choices=[('clean', 'Agrees'), ('open', 'Differs'), ('explained', 'Differs, explained by staff'), ('unfinished', 'Not final yet')], max_length=10, verbose_name='state'),
        ),
        migrations.AlterField(
            model_name='reconciliationitem',
            name='kind',
            field=models.CharField(choices=[('unknown_money', 'Money at the provider that we do not know'), ('missing', 'In our books, not at the provider'), ('differs', 'Another amount at the provider'), ('not_our_money', 'Of another currency or mode'), ('given_back', 'Refunded at the provider, visit still to come')], max_length=20, verbose_name='what'),
        ),
        migrations.AddConstraint(
            model_name='reconciliationitem',
            constraint=models.UniqueConstraint(fields=('day', 'kind', 'category', 'provider_id', 'currency'), name='one_item_per_difference'),
        ),
        migrations.AddConstraint(
            model_name='reconciliationlease',
            constraint=models.CheckConstraint(condition=models.Q(('only', True)), name='one_reconciliation_lease'),
        ),
    ]
