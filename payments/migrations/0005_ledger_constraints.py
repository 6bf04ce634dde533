"""What holds once the rows of before are brought up to date."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0004_books_of_before'),
    ]

    operations = [
        migrations.AlterField(
            model_name='payment',
            name='payer_email',
            field=models.EmailField(max_length=254, verbose_name="payer's e-mail address"),
        ),
        migrations.AlterField(
            model_name='payment',
            name='payer_name',
            field=models.CharField(max_length=120, verbose_name="payer's name"),
        ),
        migrations.AlterField(
            model_name='refund',
            name='fee',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='payments.fee'),
        ),
        migrations.AddConstraint(
            model_name='allocation',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'settled')), fields=('fee',), name='one_payment_settles_a_fee'),
        ),
        migrations.AddConstraint(
            model_name='allocation',
            constraint=models.CheckConstraint(condition=models.Q(('amount_cents__gt', 0)), name='allocation_is_positive'),
        ),
        migrations.AddConstraint(
            model_name='allocation',
            constraint=models.CheckConstraint(condition=models.Q(('refunded_cents__lte', models.F('received_cents'))), name='no_fee_refunded_beyond_paid'),
        ),
        migrations.AddConstraint(
            model_name='allocation',
            constraint=models.CheckConstraint(condition=models.Q(('received_cents', 0), models.Q(('state', 'waiting'), _negated=True), _connector='OR'), name='only_a_paid_part_has_money'),
        ),
        migrations.AddConstraint(
            model_name='allocation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'settled'), _negated=True), ('received_cents', models.F('amount_cents')), _connector='OR'), name='a_fee_is_settled_in_full'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'proposed')), fields=('payment', 'fee'), name='one_undecided_refund_per_payment_and_fee'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.UniqueConstraint(fields=('provider_id', 'fee'), name='one_row_per_provider_refund_and_fee'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['sent', 'succeeded']), _negated=True), models.Q(('provider_id__isnull', False), ('sent_at__isnull', False)), _connector='OR'), name='sent_refund_is_known_to_the_provider'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'declined'), _negated=True), models.Q(('decided_by__isnull', False), ('decided_at__isnull', False)), _connector='OR'), name='declined_refund_names_who_and_when'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('currency', 'usd')), name='payment_is_in_the_schedules_currency'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('refunded_cents__lte', models.F('received_cents'))), name='never_refunded_beyond_paid'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('received_cents', 0), ('state__in', ['paid', 'held', 'duplicate']), _connector='OR'), name='only_a_paid_payment_has_money'),
        ),
        migrations.RemoveField(
            model_name='payment',
            name='receipt',
        ),
    ]
