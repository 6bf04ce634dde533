import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Proposal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('kind', models.CharField(max_length=80, verbose_name='what')),
                ('target', models.CharField(max_length=80)),
                ('subject', models.CharField(max_length=250, verbose_name='subject')),
                ('payload', models.JSONField(default=dict)),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='reason')),
                ('effective_on', models.DateField(blank=True, null=True, verbose_name='takes effect')),
                ('state', models.CharField(choices=[('proposed', 'Waiting for a second person'), ('approved', 'Approved'), ('declined', 'Declined')], default='proposed', max_length=10, verbose_name='state')),
                ('operator', models.CharField(blank=True, max_length=120, verbose_name='from the command line, by')),
                ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='decided')),
                ('note', models.CharField(blank=True, max_length=300, verbose_name='note')),
                ('applied_at', models.DateTimeField(blank=True, null=True, verbose_name='took effect')),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
                ('proposed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='proposed by')),
            ],
            options={
                'verbose_name': 'approval by a second person',
                'verbose_name_plural': 'approvals by a second person',
                'ordering': ['-pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('applied_at__isnull', True), ('state__in', ['proposed', 'approved'])), fields=('kind', 'target'), name='one_open_proposal_per_kind_and_target'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'approved'), _negated=True), models.Q(('decided_by', models.F('proposed_by')), _negated=True), ('proposed_by__isnull', True), _connector='OR'), name='approved_by_another_than_the_proposer'), models.CheckConstraint(condition=models.Q(('proposed_by__isnull', False), models.Q(('operator', ''), _negated=True), _connector='OR'), name='proposal_names_who_made_it'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'approved'), _negated=True), models.Q(('decided_at__isnull', False), models.Q(('decided_by__isnull', False), models.Q(('operator', ''), _negated=True), _connector='OR')), _connector='OR'), name='approval_names_who_and_when'), models.CheckConstraint(condition=models.Q(('applied_at__isnull', True), ('state', 'approved'), _connector='OR'), name='only_what_is_approved_takes_effect')],
            },
        ),
    ]
