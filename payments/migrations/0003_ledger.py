"""Disputes, the ledger, the comparison with the provider, statements, and payments of several fees."""

import django.db.models.deletion
import payments.models.statements
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
        ('payments', '0002_fee_schedule'),
        ('requests_app', '0021_money_events'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Dispute',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('provider_id', models.CharField(max_length=255, unique=True, verbose_name="provider's dispute")),
                ('amount_cents', models.PositiveIntegerField(verbose_name='amount (cents)')),
                ('state', models.CharField(choices=[('open', 'Open'), ('won', 'Decided for the utility'), ('lost', 'Decided for the payer')], max_length=10, verbose_name='state')),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True, verbose_name='taken from the balance')),
                ('reinstated_at', models.DateTimeField(blank=True, null=True, verbose_name='given back to the balance')),
                ('opened_at', models.DateTimeField(verbose_name='opened')),
                ('closed_at', models.DateTimeField(blank=True, null=True, verbose_name='closed')),
            ],
            options={
                'verbose_name': 'dispute',
                'verbose_name_plural': 'disputes',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='LedgerEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(auto_now_add=True, verbose_name='booked')),
                ('kind', models.CharField(choices=[('fee_quoted', 'Fee quoted'), ('fee_raised', 'Fee raised'), ('fee_canceled', 'Fee canceled'), ('fee_waived', 'Fee waived'), ('fee_paid', 'Fee paid'), ('money_held', 'Money received, held'), ('paid_twice', 'Money received, paid twice'), ('refund_promised', 'Refund approved'), ('refund_released', 'Refund not carried out'), ('refund_sent', 'Refund sent'), ('refund_returned', 'Refund came back'), ('dispute_opened', 'Disputed amount taken'), ('dispute_won', 'Disputed amount given back'), ('dispute_lost', 'Dispute lost'), ('written_off', 'Fee written off')], max_length=20, verbose_name='what')),
                ('rule', models.CharField(max_length=4, verbose_name='rule')),
                ('debit', models.CharField(choices=[('receivable', 'Owed by customers'), ('provider', 'At the payment provider'), ('disputed', 'Taken by a bank while disputed'), ('waived', 'Fees waived'), ('written_off', 'Fees written off'), ('fees', 'Fees raised'), ('unapplied', 'Received, settles nothing'), ('refunded', 'Fees given back'), ('refunds_due', 'Refunds approved, not sent')], max_length=15, verbose_name='debit')),
                ('credit', models.CharField(choices=[('receivable', 'Owed by customers'), ('provider', 'At the payment provider'), ('disputed', 'Taken by a bank while disputed'), ('waived', 'Fees waived'), ('written_off', 'Fees written off'), ('fees', 'Fees raised'), ('unapplied', 'Received, settles nothing'), ('refunded', 'Fees given back'), ('refunds_due', 'Refunds approved, not sent')], max_length=15, verbose_name='credit')),
                ('amount_cents', models.PositiveIntegerField(verbose_name='amount (cents)')),
                ('currency', models.CharField(default='usd', max_length=3, verbose_name='currency')),
                ('moved_at', models.DateTimeField(blank=True, null=True, verbose_name='moved at the provider')),
                ('provider_id', models.CharField(blank=True, max_length=255, verbose_name="provider's id")),
                ('key', models.CharField(max_length=80, unique=True)),
            ],
            options={
                'verbose_name': 'ledger entry',
                'verbose_name_plural': 'ledger',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='PayInvitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('email', models.EmailField(max_length=254, verbose_name='e-mail address')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('expires_at', models.DateTimeField(verbose_name='expires')),
                ('voided_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'invitation to pay',
                'verbose_name_plural': 'invitations to pay',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='ReconciledDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('day', models.DateField(unique=True, verbose_name='day')),
                ('state', models.CharField(choices=[('clean', 'Agrees'), ('open', 'Differs')], max_length=10, verbose_name='state')),
                ('movements', models.PositiveIntegerField(default=0, verbose_name='movements at the provider')),
                ('repaired', models.PositiveIntegerField(default=0, verbose_name='repaired')),
                ('provider_cents', models.BigIntegerField(default=0, verbose_name="provider's books (cents)")),
                ('ledger_cents', models.BigIntegerField(default=0, verbose_name='our books (cents)')),
                ('checked_at', models.DateTimeField(verbose_name='compared')),
            ],
            options={
                'verbose_name': 'reconciled day',
                'verbose_name_plural': 'reconciled days',
                'ordering': ['-day'],
            },
        ),
        migrations.CreateModel(
            name='ReconciliationItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('kind', models.CharField(choices=[('unknown_money', 'Money at the provider that we do not know'), ('missing', 'In our books, not at the provider'), ('differs', 'Another amount at the provider'), ('not_our_money', 'Of another currency or mode')], max_length=20, verbose_name='what')),
                ('provider_id', models.CharField(max_length=255, verbose_name="provider's id")),
                ('ours_cents', models.BigIntegerField(verbose_name='our books (cents)')),
                ('theirs_cents', models.BigIntegerField(verbose_name="provider's books (cents)")),
                ('state', models.CharField(choices=[('open', 'Open'), ('resolved', 'Resolved')], default='open', max_length=10, verbose_name='state')),
                ('note', models.CharField(blank=True, max_length=300, verbose_name='what became of it')),
                ('resolved_at', models.DateTimeField(blank=True, null=True, verbose_name='resolved')),
            ],
            options={
                'verbose_name': 'difference',
                'verbose_name_plural': 'differences',
                'ordering': ['state', '-pk'],
                'permissions': [('resolve_difference', 'Can resolve a difference with the provider')],
            },
        ),
        migrations.CreateModel(
            name='Statement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField(verbose_name='month')),
                ('file', models.FileField(upload_to=payments.models.statements.statement_path)),
                ('sha256', models.CharField(max_length=64, verbose_name='SHA-256')),
                ('size', models.PositiveIntegerField(verbose_name='size (bytes)')),
                ('made_at', models.DateTimeField(auto_now_add=True, verbose_name='made')),
            ],
            options={
                'verbose_name': 'statement',
                'verbose_name_plural': 'statements',
                'ordering': ['-month'],
            },
        ),
        migrations.AlterModelOptions(
            name='allocation',
            options={'ordering': ['pk'], 'verbose_name': 'allocation', 'verbose_name_plural': 'allocations'},
        ),
        migrations.RemoveConstraint(
            model_name='fee',
            name='settled_fee_has_its_time',
        ),
        migrations.RemoveConstraint(
            model_name='fee',
            name='waiver_names_who_and_why',
        ),
        migrations.RemoveConstraint(
            model_name='payment',
            name='never_refunded_beyond_paid',
        ),
        migrations.RemoveConstraint(
            model_name='payment',
            name='only_received_money_is_refunded',
        ),
        migrations.RemoveConstraint(
            model_name='refund',
            name='one_live_refund_per_payment_and_fee',
        ),
        migrations.AddField(
            model_name='allocation',
            name='held_reason',
            field=models.CharField(blank=True, max_length=60, verbose_name='why held'),
        ),
        migrations.AddField(
            model_name='allocation',
            name='receipt',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='requests_app.document'),
        ),
        migrations.AddField(
            model_name='allocation',
            name='received_cents',
            field=models.PositiveIntegerField(default=0, verbose_name='received (cents)'),
        ),
        migrations.AddField(
            model_name='allocation',
            name='refunded_cents',
            field=models.PositiveIntegerField(default=0, verbose_name='refunded or promised (cents)'),
        ),
        migrations.AddField(
            model_name='allocation',
            name='state',
            field=models.CharField(choices=[('waiting', 'Not paid'), ('settled', 'Paid'), ('held', 'Held for review'), ('duplicate', 'Paid twice')], default='waiting', max_length=10, verbose_name='state'),
        ),
        migrations.AddField(
            model_name='payment',
            name='company',
            field=models.ForeignKey(blank=True, help_text="The agent of record's company, where one of its people pays for customers.", null=True, on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='accounts.company'),
        ),
        migrations.AddField(
            model_name='payment',
            name='payer_email',
            field=models.EmailField(default='', max_length=254, verbose_name="payer's e-mail address"),
        ),
        migrations.AddField(
            model_name='payment',
            name='payer_name',
            field=models.CharField(default='', max_length=120, verbose_name="payer's name"),
        ),
        migrations.AddField(
            model_name='payment',
            name='received_cents',
            field=models.PositiveIntegerField(default=0, verbose_name='received (cents)'),
        ),
        migrations.AddField(
            model_name='refund',
            name='document',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='requests_app.document'),
        ),
        migrations.AddField(
            model_name='refund',
            name='sent_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='sent'),
        ),
        migrations.AlterField(
            model_name='allocation',
            name='amount_cents',
            field=models.PositiveIntegerField(verbose_name='amount (cents)'),
        ),
        migrations.AlterField(
            model_name='fee',
            name='state',
            field=models.CharField(choices=[('open', 'Due'), ('settled', 'Paid'), ('waived', 'Waived'), ('canceled', 'Canceled'), ('written_off', 'Written off')], default='open', max_length=12, verbose_name='state'),
        ),
        migrations.AlterField(
            model_name='payment',
            name='payer',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='refund',
            name='fee',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='payments.fee'),
        ),
        migrations.AlterField(
            model_name='refund',
            name='provider_id',
            field=models.CharField(blank=True, max_length=255, null=True, verbose_name="provider's refund"),
        ),
        migrations.AlterField(
            model_name='refund',
            name='reason',
            field=models.CharField(choices=[('withdrawn_before_visit', 'Withdrawn before any visit'), ('utility_responsible', "The visit failed on the utility's side"), ('no_second_visit', 'The second visit did not take place'), ('duplicate', 'Paid twice'), ('cannot_submit', 'Paid too late to be submitted'), ('requested', 'Asked for by the customer'), ('goodwill', 'Goodwill'), ('at_provider', 'Made at the payment provider')], max_length=30, verbose_name='reason'),
        ),
        migrations.AddIndex(
            model_name='providerevent',
            index=models.Index(condition=models.Q(('processed_at__isnull', True)), fields=['received_at'], name='events_not_looked_into'),
        ),
        migrations.AddConstraint(
            model_name='fee',
            constraint=models.CheckConstraint(condition=models.Q(('currency', 'usd')), name='fee_is_in_the_schedules_currency'),
        ),
        migrations.AddConstraint(
            model_name='fee',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['settled', 'waived', 'written_off']), _negated=True), ('settled_at__isnull', False), _connector='OR'), name='settled_fee_has_its_time'),
        ),
        migrations.AddConstraint(
            model_name='fee',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['waived', 'written_off']), _negated=True), models.Q(('waived_by__isnull', False), models.Q(('waiver_reason', ''), _negated=True)), _connector='OR'), name='waiver_names_who_and_why'),
        ),
        migrations.AddField(
            model_name='dispute',
            name='payment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='disputes', to='payments.payment'),
        ),
        migrations.AddField(
            model_name='ledgerentry',
            name='by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='ledgerentry',
            name='dispute',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='ledger_entries', to='payments.dispute'),
        ),
        migrations.AddField(
            model_name='ledgerentry',
            name='fee',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ledger_entries', to='payments.fee'),
        ),
        migrations.AddField(
            model_name='ledgerentry',
            name='payment',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='ledger_entries', to='payments.payment'),
        ),
        migrations.AddField(
            model_name='ledgerentry',
            name='refund',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='ledger_entries', to='payments.refund'),
        ),
        migrations.AddField(
            model_name='ledgerentry',
            name='request',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ledger_entries', to='requests_app.msarequest'),
        ),
        migrations.AddField(
            model_name='payinvitation',
            name='invited_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='payinvitation',
            name='round',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='pay_invitations', to='requests_app.visitround'),
        ),
        migrations.AddField(
            model_name='payment',
            name='invitation',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='payments.payinvitation'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(fields=['company', 'paid_at'], name='payments_of_company'),
        ),
        migrations.AddConstraint(
            model_name='reconciledday',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'clean'), _negated=True), ('provider_cents', models.F('ledger_cents')), _connector='OR'), name='clean_day_agrees'),
        ),
        migrations.AddField(
            model_name='reconciliationitem',
            name='day',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='items', to='payments.reconciledday'),
        ),
        migrations.AddField(
            model_name='reconciliationitem',
            name='payment',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reconciliation_items', to='payments.payment'),
        ),
        migrations.AddField(
            model_name='reconciliationitem',
            name='resolved_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='statement',
            name='company',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='statements', to='accounts.company'),
        ),
        migrations.AddField(
            model_name='statement',
            name='user',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='statements', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='dispute',
            constraint=models.CheckConstraint(condition=models.Q(('amount_cents__gt', 0)), name='dispute_is_positive'),
        ),
        migrations.AddConstraint(
            model_name='dispute',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('state', 'open')), models.Q(models.Q(('state', 'open'), _negated=True), ('closed_at__isnull', False)), _connector='OR'), name='closed_dispute_has_its_time'),
        ),
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(fields=['moved_at'], name='ledger_by_provider_time'),
        ),
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(fields=['at'], name='ledger_by_time'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.CheckConstraint(condition=models.Q(('amount_cents__gt', 0)), name='entry_is_positive'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.CheckConstraint(condition=models.Q(('currency', 'usd')), name='entry_is_in_the_schedules_currency'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.CheckConstraint(condition=models.Q(('kind', 'fee_quoted'), models.Q(('debit', models.F('credit')), _negated=True), _connector='OR'), name='only_a_quote_moves_nothing'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(models.Q(('debit', 'provider'), _negated=True), models.Q(('credit', 'provider'), _negated=True)), models.Q(('moved_at__isnull', False), models.Q(('provider_id', ''), _negated=True)), _connector='OR'), name='money_at_the_provider_has_its_id_and_time'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.CheckConstraint(condition=models.Q(('rule', ''), _negated=True), name='entry_names_its_rule'),
        ),
        migrations.AddConstraint(
            model_name='payinvitation',
            constraint=models.UniqueConstraint(condition=models.Q(('voided_at__isnull', True)), fields=('round',), name='one_open_invitation_to_pay_per_visit'),
        ),
        migrations.AddConstraint(
            model_name='reconciliationitem',
            constraint=models.UniqueConstraint(fields=('day', 'kind', 'provider_id'), name='one_item_per_difference'),
        ),
        migrations.AddConstraint(
            model_name='reconciliationitem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('resolved_at__isnull', True), ('state', 'open')), models.Q(('resolved_at__isnull', False), ('state', 'resolved'), models.Q(('note', ''), _negated=True)), _connector='OR'), name='resolved_difference_says_what_became_of_it'),
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('company__isnull', False), ('user__isnull', True)), models.Q(('company__isnull', True), ('user__isnull', False)), _connector='OR'), name='statement_has_one_addressee'),
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.UniqueConstraint(fields=('company', 'month'), name='one_statement_per_company_and_month'),
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.UniqueConstraint(fields=('user', 'month'), name='one_statement_per_person_and_month'),
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.CheckConstraint(condition=models.Q(('month__day', 1)), name='statement_is_of_a_whole_month'),
        ),
    ]
