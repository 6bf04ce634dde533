import django.db.models.deletion
import payments.models.statements
import simple_history.models
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('requests_app', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Fee',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('amount_cents', models.PositiveIntegerField(verbose_name='amount (cents)')),
                ('currency', models.CharField(default='usd', max_length=3, verbose_name='currency')),
                ('state', models.CharField(choices=[('open', 'Due'), ('settled', 'Paid'), ('waived', 'Waived'), ('canceled', 'Canceled'), ('written_off', 'Written off')], default='open', max_length=12, verbose_name='state')),
                ('quoted_on', models.DateField(verbose_name='quoted')),
                ('quote_holds_until', models.DateField(verbose_name='quote holds until')),
                ('settled_at', models.DateTimeField(blank=True, null=True, verbose_name='settled')),
                ('waiver_reason', models.CharField(blank=True, max_length=300, verbose_name='reason of the waiver')),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='fees', to='requests_app.visitround')),
                ('waived_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'fee',
                'verbose_name_plural': 'fees',
                'ordering': ['-pk'],
                'permissions': [('waive_fee', 'Can waive a fee')],
            },
        ),
        migrations.CreateModel(
            name='Allocation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount_cents', models.PositiveIntegerField(verbose_name='amount (cents)')),
                ('received_cents', models.PositiveIntegerField(default=0, verbose_name='received (cents)')),
                ('refunded_cents', models.PositiveIntegerField(default=0, verbose_name='refunded or promised (cents)')),
                ('state', models.CharField(choices=[('waiting', 'Not paid'), ('settled', 'Paid'), ('held', 'Held for review'), ('duplicate', 'Paid twice')], default='waiting', max_length=10, verbose_name='state')),
                ('held_reason', models.CharField(blank=True, choices=[('currency', 'It came in another currency. Staff send it back by hand.'), ('livemode', 'It was a test payment, so no money moved.'), ('amount', 'It was not the amount that we asked for.'), ('reference', 'It did not name this request.'), ('cannot_submit', 'It came when it could not be used for this visit any more.')], max_length=60, verbose_name='why held')),
                ('receipt', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='requests_app.document')),
                ('fee', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='allocations', to='payments.fee')),
            ],
            options={
                'verbose_name': 'allocation',
                'verbose_name_plural': 'allocations',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='FeeSchedule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('request_type', models.CharField(choices=[('install', 'Install'), ('removal', 'Removal'), ('replacement', 'Replacement'), ('maintenance', 'Maintenance')], max_length=20, verbose_name='request type')),
                ('amount_cents', models.PositiveIntegerField(verbose_name='amount (cents)')),
                ('currency', models.CharField(default='usd', max_length=3, verbose_name='currency')),
                ('effective_from', models.DateField(verbose_name='in force from')),
                ('effective_until', models.DateField(blank=True, null=True, verbose_name='in force until')),
            ],
            options={
                'verbose_name': 'fee schedule',
                'verbose_name_plural': 'fee schedules',
                'ordering': ['request_type', '-effective_from'],
                'constraints': [models.UniqueConstraint(fields=('request_type', 'effective_from'), name='one_schedule_per_type_and_day'), models.CheckConstraint(condition=models.Q(('effective_until__isnull', True), ('effective_until__gte', models.F('effective_from')), _connector='OR'), name='schedule_ends_after_it_begins'), models.CheckConstraint(condition=models.Q(('currency', 'usd')), name='schedule_is_in_us_dollars')],
            },
        ),
        migrations.AddField(
            model_name='fee',
            name='schedule',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.feeschedule'),
        ),
        migrations.CreateModel(
            name='HistoricalFeeSchedule',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('request_type', models.CharField(choices=[('install', 'Install'), ('removal', 'Removal'), ('replacement', 'Replacement'), ('maintenance', 'Maintenance')], max_length=20, verbose_name='request type')),
                ('amount_cents', models.PositiveIntegerField(verbose_name='amount (cents)')),
                ('currency', models.CharField(default='usd', max_length=3, verbose_name='currency')),
                ('effective_from', models.DateField(verbose_name='in force from')),
                ('effective_until', models.DateField(blank=True, null=True, verbose_name='in force until')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'historical fee schedule',
                'verbose_name_plural': 'historical fee schedules',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
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
                ('invited_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='pay_invitations', to='requests_app.visitround')),
            ],
            options={
                'verbose_name': 'invitation to pay',
                'verbose_name_plural': 'invitations to pay',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='Payment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('amount_cents', models.PositiveIntegerField(verbose_name='amount (cents)')),
                ('currency', models.CharField(default='usd', max_length=3, verbose_name='currency')),
                ('received_cents', models.PositiveIntegerField(default=0, verbose_name='received (cents)')),
                ('refunded_cents', models.PositiveIntegerField(default=0, verbose_name='refunded or promised (cents)')),
                ('state', models.CharField(choices=[('created', 'Started'), ('open', 'Waiting for the customer'), ('pending', 'On its way from the bank'), ('paid', 'Paid'), ('held', 'Held for review'), ('duplicate', 'Paid twice'), ('expired', 'Not completed'), ('failed', 'Failed')], default='created', max_length=10, verbose_name='state')),
                ('payer_name', models.CharField(max_length=120, verbose_name="payer's name")),
                ('payer_email', models.EmailField(max_length=254, verbose_name="payer's e-mail address")),
                ('session_id', models.CharField(blank=True, max_length=255, null=True, unique=True, verbose_name='checkout session')),
                ('session_url', models.TextField(blank=True)),
                ('session_expires_at', models.DateTimeField(blank=True, null=True)),
                ('intent_id', models.CharField(blank=True, max_length=255, null=True, unique=True, verbose_name='payment intent')),
                ('paid_at', models.DateTimeField(blank=True, null=True, verbose_name='paid')),
                ('disputed', models.BooleanField(default=False, help_text='A dispute is open, or was lost.', verbose_name='disputed')),
                ('dispute', models.CharField(blank=True, choices=[('open', 'Open'), ('won', 'Decided for the utility'), ('lost', 'Decided for the payer')], max_length=10, verbose_name='dispute')),
                ('held_reason', models.CharField(blank=True, choices=[('currency', 'It came in another currency. Staff send it back by hand.'), ('livemode', 'It was a test payment, so no money moved.'), ('amount', 'It was not the amount that we asked for.'), ('reference', 'It did not name this request.'), ('cannot_submit', 'It came when it could not be used for this visit any more.')], max_length=60, verbose_name='why held')),
                ('company', models.ForeignKey(blank=True, help_text="The agent of record's company, where one of its people pays for customers.", null=True, on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='accounts.company')),
                ('fees', models.ManyToManyField(related_name='payments', through='payments.Allocation', to='payments.fee')),
                ('invitation', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='payments.payinvitation')),
                ('payer', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'payment',
                'verbose_name_plural': 'payments',
                'ordering': ['-pk'],
            },
        ),
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
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='disputes', to='payments.payment')),
            ],
            options={
                'verbose_name': 'dispute',
                'verbose_name_plural': 'disputes',
                'ordering': ['-pk'],
            },
        ),
        migrations.AddField(
            model_name='allocation',
            name='payment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='allocations', to='payments.payment'),
        ),
        migrations.CreateModel(
            name='ProviderEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event_id', models.CharField(max_length=255, unique=True)),
                ('type', models.CharField(max_length=80)),
                ('object_id', models.CharField(max_length=255)),
                ('received_at', models.DateTimeField(auto_now_add=True)),
                ('processed_at', models.DateTimeField(blank=True, null=True)),
                ('error', models.CharField(blank=True, max_length=300)),
            ],
            options={
                'verbose_name': 'provider event',
                'verbose_name_plural': 'provider events',
                'ordering': ['-pk'],
                'indexes': [models.Index(condition=models.Q(('processed_at__isnull', True)), fields=['received_at'], name='events_not_looked_into')],
            },
        ),
        migrations.CreateModel(
            name='ReconciledDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('day', models.DateField(unique=True, verbose_name='day')),
                ('state', models.CharField(choices=[('clean', 'Agrees'), ('open', 'Differs'), ('explained', 'Differs, explained by staff'), ('unfinished', 'Not final yet')], max_length=10, verbose_name='state')),
                ('movements', models.PositiveIntegerField(default=0, verbose_name='movements at the provider')),
                ('passed_over', models.PositiveIntegerField(default=0, verbose_name='movements that are not ours')),
                ('repaired', models.PositiveIntegerField(default=0, verbose_name='repaired')),
                ('provider_cents', models.BigIntegerField(default=0, verbose_name="provider's books (cents)")),
                ('ledger_cents', models.BigIntegerField(default=0, verbose_name='our books (cents)')),
                ('checked_at', models.DateTimeField(verbose_name='compared')),
            ],
            options={
                'verbose_name': 'reconciled day',
                'verbose_name_plural': 'reconciled days',
                'ordering': ['-day'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('state', 'clean'), _negated=True), ('provider_cents', models.F('ledger_cents')), _connector='OR'), name='clean_day_agrees')],
            },
        ),
        migrations.CreateModel(
            name='ReconciliationItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('kind', models.CharField(choices=[('unknown_money', 'Money at the provider that we do not know'), ('missing', 'In our books, not at the provider'), ('differs', 'Another amount at the provider'), ('not_our_money', 'Of another currency or mode'), ('given_back', 'Refunded at the provider, visit still to come')], max_length=20, verbose_name='what')),
                ('category', models.CharField(max_length=40, verbose_name='kind of movement')),
                ('provider_id', models.CharField(max_length=255, verbose_name="provider's id")),
                ('currency', models.CharField(default='usd', max_length=3, verbose_name='currency')),
                ('ours_cents', models.BigIntegerField(verbose_name='our books (cents)')),
                ('theirs_cents', models.BigIntegerField(verbose_name="provider's books (cents)")),
                ('state', models.CharField(choices=[('open', 'Open'), ('resolved', 'Resolved')], default='open', max_length=10, verbose_name='state')),
                ('note', models.CharField(blank=True, max_length=300, verbose_name='what became of it')),
                ('resolved_at', models.DateTimeField(blank=True, null=True, verbose_name='resolved')),
                ('told_at', models.DateTimeField(blank=True, null=True)),
                ('day', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='items', to='payments.reconciledday')),
                ('payment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reconciliation_items', to='payments.payment')),
                ('resolved_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'difference',
                'verbose_name_plural': 'differences',
                'ordering': ['state', '-pk'],
                'permissions': [('resolve_difference', 'Can resolve a difference with the provider')],
            },
        ),
        migrations.CreateModel(
            name='ReconciliationLease',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('holder', models.UUIDField()),
                ('until', models.DateTimeField()),
                ('only', models.BooleanField(default=True, editable=False, unique=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('only', True)), name='one_reconciliation_lease')],
            },
        ),
        migrations.CreateModel(
            name='Refund',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('amount_cents', models.PositiveIntegerField(verbose_name='amount (cents)')),
                ('reason', models.CharField(choices=[('withdrawn_before_visit', 'Withdrawn before any visit'), ('utility_responsible', "The visit failed on the utility's side"), ('no_second_visit', 'The second visit did not take place'), ('duplicate', 'Paid twice'), ('cannot_submit', 'Paid too late to be submitted'), ('requested', 'Asked for by the customer'), ('goodwill', 'Goodwill'), ('at_provider', 'Made at the payment provider')], max_length=30, verbose_name='reason')),
                ('note', models.CharField(blank=True, max_length=300, verbose_name='note')),
                ('state', models.CharField(choices=[('proposed', 'Waiting for approval'), ('approved', 'Approved, being sent'), ('sent', 'Sent to the bank'), ('succeeded', 'Refunded'), ('failed', 'Failed'), ('declined', 'Declined')], default='proposed', max_length=10, verbose_name='state')),
                ('provider_id', models.CharField(blank=True, max_length=255, null=True, verbose_name="provider's refund")),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='sent')),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('last_error', models.CharField(blank=True, max_length=300)),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('document', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='requests_app.document')),
                ('fee', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='payments.fee')),
                ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='payments.payment')),
                ('proposed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'refund',
                'verbose_name_plural': 'refunds',
                'ordering': ['-pk'],
                'permissions': [('approve_refund', 'Can approve a refund'), ('propose_refund', 'Can propose a refund')],
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
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('dispute', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='ledger_entries', to='payments.dispute')),
                ('fee', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ledger_entries', to='payments.fee')),
                ('msa_request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ledger_entries', to='requests_app.msarequest')),
                ('payment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='ledger_entries', to='payments.payment')),
                ('refund', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='ledger_entries', to='payments.refund')),
            ],
            options={
                'verbose_name': 'ledger entry',
                'verbose_name_plural': 'ledger',
                'ordering': ['-pk'],
                'permissions': [('export_ledgerentry', 'Can export the ledger')],
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
                ('company', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='statements', to='accounts.company')),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='statements', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'statement',
                'verbose_name_plural': 'statements',
                'ordering': ['-month'],
            },
        ),
        migrations.AddConstraint(
            model_name='fee',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'canceled'), _negated=True), fields=('round',), name='one_fee_per_visit'),
        ),
        migrations.AddConstraint(
            model_name='fee',
            constraint=models.CheckConstraint(condition=models.Q(('amount_cents__gt', 0)), name='fee_is_positive'),
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
        migrations.AddConstraint(
            model_name='payinvitation',
            constraint=models.UniqueConstraint(condition=models.Q(('voided_at__isnull', True)), fields=('round',), name='one_open_invitation_to_pay_per_visit'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(fields=['company', 'paid_at'], name='payments_of_company'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('amount_cents__gt', 0)), name='payment_is_positive'),
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
        migrations.AddConstraint(
            model_name='dispute',
            constraint=models.CheckConstraint(condition=models.Q(('amount_cents__gt', 0)), name='dispute_is_positive'),
        ),
        migrations.AddConstraint(
            model_name='dispute',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('state', 'open')), models.Q(models.Q(('state', 'open'), _negated=True), ('closed_at__isnull', False)), _connector='OR'), name='closed_dispute_has_its_time'),
        ),
        migrations.AddConstraint(
            model_name='allocation',
            constraint=models.UniqueConstraint(fields=('payment', 'fee'), name='one_allocation_per_payment_and_fee'),
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
            model_name='reconciliationitem',
            constraint=models.UniqueConstraint(fields=('day', 'kind', 'category', 'provider_id', 'currency'), name='one_item_per_difference'),
        ),
        migrations.AddConstraint(
            model_name='reconciliationitem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('resolved_at__isnull', True), ('state', 'open')), models.Q(('resolved_at__isnull', False), ('state', 'resolved'), models.Q(('note', ''), _negated=True)), _connector='OR'), name='resolved_difference_says_what_became_of_it'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(('amount_cents__gt', 0)), name='refund_is_positive'),
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
