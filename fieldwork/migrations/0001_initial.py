import django.core.validators
import django.db.models.deletion
import fieldwork.models.closeouts
import simple_history.models
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('requests_app', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='District',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, unique=True, verbose_name='name')),
            ],
            options={
                'verbose_name': 'district',
                'verbose_name_plural': 'districts',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Yard',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, unique=True, verbose_name='name')),
                ('latitude', models.DecimalField(decimal_places=6, max_digits=9, validators=[django.core.validators.MinValueValidator(-90), django.core.validators.MaxValueValidator(90)], verbose_name='latitude')),
                ('longitude', models.DecimalField(decimal_places=6, max_digits=9, validators=[django.core.validators.MinValueValidator(-180), django.core.validators.MaxValueValidator(180)], verbose_name='longitude')),
            ],
            options={
                'verbose_name': 'yard',
                'verbose_name_plural': 'yards',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='CalendarFeed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('generation', models.PositiveIntegerField(default=1)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='calendar_feed', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'calendar feed',
                'verbose_name_plural': 'calendar feeds',
            },
        ),
        migrations.CreateModel(
            name='HistoricalDistrict',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('name', models.CharField(db_index=True, max_length=60, verbose_name='name')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'historical district',
                'verbose_name_plural': 'historical districts',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='Lane',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('on', models.DateField(verbose_name='day')),
                ('version', models.PositiveIntegerField(default=0)),
                ('changed_at', models.DateTimeField(blank=True, null=True)),
                ('changed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'lane of the board',
                'verbose_name_plural': 'lanes of the board',
                'ordering': ['on', 'technician'],
            },
        ),
        migrations.CreateModel(
            name='PlanRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('queued', 'Waits for a worker'), ('running', 'Being planned'), ('done', 'Ready'), ('canceled', 'Canceled'), ('failed', 'Failed')], default='queued', max_length=10, verbose_name='state')),
                ('from_on', models.DateField(verbose_name='first day')),
                ('until_on', models.DateField(verbose_name='last day')),
                ('seconds', models.PositiveSmallIntegerField(default=20, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(600)], verbose_name='seconds to think')),
                ('seed', models.PositiveIntegerField(default=0, verbose_name='seed')),
                ('requested_at', models.DateTimeField(auto_now_add=True, verbose_name='asked for')),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('heartbeat_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='finished')),
                ('cancel_asked_at', models.DateTimeField(blank=True, null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('progress', models.JSONField(blank=True, default=dict)),
                ('problem_hash', models.CharField(blank=True, max_length=64)),
                ('result', models.JSONField(blank=True, default=dict)),
                ('findings', models.JSONField(blank=True, default=list)),
                ('error', models.CharField(blank=True, max_length=300, verbose_name='what went wrong')),
                ('taken_at', models.DateTimeField(blank=True, null=True, verbose_name='put on the board')),
                ('requested_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('taken_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'planning run',
                'verbose_name_plural': 'planning runs',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='ServiceOrder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('number', models.CharField(editable=False, max_length=20, null=True, unique=True, verbose_name='number')),
                ('state', models.CharField(choices=[('open', 'Open'), ('closed', 'Closed'), ('canceled', 'Canceled')], default='open', max_length=10, verbose_name='state')),
                ('issued_at', models.DateTimeField(auto_now_add=True, verbose_name='issued')),
                ('due_on', models.DateField(verbose_name='due')),
                ('latitude', models.DecimalField(blank=True, decimal_places=6, max_digits=9, null=True, validators=[django.core.validators.MinValueValidator(-90), django.core.validators.MaxValueValidator(90)], verbose_name='latitude')),
                ('longitude', models.DecimalField(blank=True, decimal_places=6, max_digits=9, null=True, validators=[django.core.validators.MinValueValidator(-180), django.core.validators.MaxValueValidator(180)], verbose_name='longitude')),
                ('position_source', models.CharField(blank=True, choices=[('record', "the utility's record"), ('zip_code', 'the middle of the ZIP code'), ('dispatcher', 'a dispatcher')], db_default='', max_length=10, verbose_name='position from')),
                ('district', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='orders', to='fieldwork.district', verbose_name='district')),
                ('issued_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('round', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='service_order', to='requests_app.visitround')),
            ],
            options={
                'verbose_name': 'service order',
                'verbose_name_plural': 'service orders',
                'ordering': ['due_on', 'pk'],
                'permissions': [('issue_serviceorder', 'Can issue service orders')],
            },
        ),
        migrations.CreateModel(
            name='SiteVisit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('state', models.CharField(choices=[('unscheduled', 'To be scheduled'), ('scheduled', 'Scheduled'), ('on_site', 'Technician on site'), ('closed', 'Closed'), ('canceled', 'Canceled')], default='unscheduled', max_length=12, verbose_name='state')),
                ('scheduled_on', models.DateField(blank=True, null=True, verbose_name='day')),
                ('window', models.CharField(blank=True, choices=[('morning', 'between 8 a.m. and noon'), ('afternoon', 'between noon and 5 p.m.')], max_length=10, verbose_name='window')),
                ('moves', models.PositiveSmallIntegerField(default=0, verbose_name='times moved')),
                ('position', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='stop of the day')),
                ('arrives_at', models.DateTimeField(blank=True, null=True, verbose_name='planned arrival')),
                ('minutes', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='planned minutes at the site')),
                ('drive_seconds', models.PositiveIntegerField(blank=True, null=True, verbose_name='planned driving to it, seconds')),
                ('drive_meters', models.PositiveIntegerField(blank=True, null=True, verbose_name='planned driving to it, meters')),
                ('is_fixed', models.BooleanField(db_default=False, default=False, help_text='A commitment: planning never moves it.', verbose_name='fixed')),
                ('published_at', models.DateTimeField(blank=True, null=True, verbose_name='customer told')),
                ('on_the_way_at', models.DateTimeField(blank=True, null=True, verbose_name='on the way')),
                ('expected_at', models.DateTimeField(blank=True, null=True, verbose_name='expected arrival, as told last')),
                ('on_site_at', models.DateTimeField(blank=True, null=True, verbose_name='on site')),
                ('closed_at', models.DateTimeField(blank=True, null=True, verbose_name='closed')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='fieldwork.serviceorder')),
            ],
            options={
                'verbose_name': 'site visit',
                'verbose_name_plural': 'site visits',
                'ordering': ['scheduled_on', 'pk'],
                'permissions': [('schedule_sitevisit', 'Can schedule site visits')],
            },
        ),
        migrations.CreateModel(
            name='RuleProposal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('panel_model', models.CharField(max_length=60, verbose_name='panel model')),
                ('panel_normalized', models.CharField(editable=False, max_length=60)),
                ('successes', models.PositiveIntegerField(default=0, help_text='On the same panel and device: evidence against it.', verbose_name='visits that succeeded on it')),
                ('state', models.CharField(choices=[('open', 'Waits for a decision'), ('accepted', 'Accepted'), ('declined', 'Declined')], default='open', max_length=10, verbose_name='state')),
                ('proposed_at', models.DateTimeField(auto_now_add=True, verbose_name='proposed')),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='decided')),
                ('note', models.CharField(blank=True, max_length=300, verbose_name='why')),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('device', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='requests_app.product', verbose_name='MSA')),
                ('reason', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='requests_app.outcomereason', verbose_name='reason')),
                ('visits', models.ManyToManyField(related_name='+', to='fieldwork.sitevisit', verbose_name='evidence')),
            ],
            options={
                'verbose_name': 'proposed rule',
                'verbose_name_plural': 'proposed rules',
                'ordering': ['-proposed_at'],
                'permissions': [('decide_ruleproposal', 'Can decide on proposed rules')],
            },
        ),
        migrations.CreateModel(
            name='Placement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('window', models.CharField(choices=[('morning', 'between 8 a.m. and noon'), ('afternoon', 'between noon and 5 p.m.')], max_length=10, verbose_name='window')),
                ('position', models.PositiveSmallIntegerField(verbose_name='stop of the day')),
                ('arrives_at', models.DateTimeField(blank=True, null=True, verbose_name='planned arrival')),
                ('minutes', models.PositiveSmallIntegerField(verbose_name='planned minutes at the site')),
                ('drive_seconds', models.PositiveIntegerField(default=0, verbose_name='driving to it, seconds')),
                ('drive_meters', models.PositiveIntegerField(default=0, verbose_name='driving to it, meters')),
                ('placed_at', models.DateTimeField(auto_now=True)),
                ('lane', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='placements', to='fieldwork.lane')),
                ('placed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('run', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='placements', to='fieldwork.planrun')),
                ('visit', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='placement', to='fieldwork.sitevisit')),
            ],
            options={
                'verbose_name': 'placement on the board',
                'verbose_name_plural': 'placements on the board',
                'ordering': ['lane', 'position'],
            },
        ),
        migrations.CreateModel(
            name='DayChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('open', 'Waits for dispatch'), ('moved', 'Moved'), ('kept', 'The day was kept')], default='open', max_length=10, verbose_name='state')),
                ('was_on', models.DateField(verbose_name='from the day')),
                ('was_window', models.CharField(choices=[('morning', 'between 8 a.m. and noon'), ('afternoon', 'between noon and 5 p.m.')], max_length=10, verbose_name='from the window')),
                ('to_on', models.DateField(blank=True, null=True, verbose_name='to the day')),
                ('to_window', models.CharField(blank=True, choices=[('morning', 'between 8 a.m. and noon'), ('afternoon', 'between noon and 5 p.m.')], max_length=10, verbose_name='to the window')),
                ('asked_at', models.DateTimeField(auto_now_add=True, verbose_name='asked')),
                ('answered_at', models.DateTimeField(blank=True, null=True, verbose_name='answered')),
                ('answered_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('order', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='day_change', to='fieldwork.serviceorder')),
                ('visit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='fieldwork.sitevisit')),
            ],
            options={
                'verbose_name': 'wish for another day',
                'verbose_name_plural': 'wishes for another day',
                'ordering': ['asked_at'],
            },
        ),
        migrations.CreateModel(
            name='Skill',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.SlugField(max_length=40, unique=True, verbose_name='code')),
                ('title', models.CharField(max_length=80, verbose_name='title')),
                ('request_types', models.JSONField(blank=True, default=list, verbose_name='needed for the request types')),
                ('devices', models.ManyToManyField(blank=True, related_name='+', to='requests_app.product', verbose_name='needed for the devices')),
            ],
            options={
                'verbose_name': 'skill',
                'verbose_name_plural': 'skills',
                'ordering': ['title'],
            },
        ),
        migrations.CreateModel(
            name='Technician',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('employee_number', models.CharField(max_length=20, unique=True, verbose_name='employee number')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('home_latitude', models.DecimalField(blank=True, decimal_places=6, max_digits=9, null=True, validators=[django.core.validators.MinValueValidator(-90), django.core.validators.MaxValueValidator(90)], verbose_name='latitude')),
                ('home_longitude', models.DecimalField(blank=True, decimal_places=6, max_digits=9, null=True, validators=[django.core.validators.MinValueValidator(-180), django.core.validators.MaxValueValidator(180)], verbose_name='longitude')),
                ('daily_minutes', models.PositiveSmallIntegerField(db_default=420, default=420, validators=[django.core.validators.MinValueValidator(30), django.core.validators.MaxValueValidator(720)], verbose_name='minutes of driving and work a day')),
                ('districts', models.ManyToManyField(blank=True, related_name='technicians', to='fieldwork.district', verbose_name='districts')),
                ('skills', models.ManyToManyField(blank=True, related_name='technicians', to='fieldwork.skill', verbose_name='skills')),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='technician', to=settings.AUTH_USER_MODEL)),
                ('yard', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='technicians', to='fieldwork.yard', verbose_name='starts from the yard')),
            ],
            options={
                'verbose_name': 'meter technician',
                'verbose_name_plural': 'meter technicians',
                'ordering': ['user__name'],
            },
        ),
        migrations.AddField(
            model_name='sitevisit',
            name='technician',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='fieldwork.technician', verbose_name='technician'),
        ),
        migrations.CreateModel(
            name='PhotoUpload',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ('close_out_id', models.UUIDField()),
                ('sha256', models.CharField(max_length=64)),
                ('size', models.PositiveIntegerField(verbose_name='size (bytes)')),
                ('received', models.PositiveIntegerField(default=0, verbose_name='received (bytes)')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('visit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='fieldwork.sitevisit')),
                ('technician', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='fieldwork.technician')),
            ],
            options={
                'verbose_name': 'photo on its way',
                'verbose_name_plural': 'photos on their way',
                'ordering': ['created_at'],
            },
        ),
        migrations.AddField(
            model_name='lane',
            name='technician',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lanes', to='fieldwork.technician'),
        ),
        migrations.CreateModel(
            name='CloseOut',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ('body_hash', models.CharField(max_length=64)),
                ('outcome', models.CharField(choices=[('complete', 'Successful'), ('unsuccessful', 'Unsuccessful'), ('canceled', 'Canceled')], max_length=20, verbose_name='outcome')),
                ('checklist', models.JSONField(default=dict)),
                ('serial_number', models.CharField(blank=True, max_length=60, verbose_name='MSA serial number')),
                ('notes', models.TextField(blank=True, max_length=2000, verbose_name='notes')),
                ('received_at', models.DateTimeField(auto_now_add=True, verbose_name='received')),
                ('device_time', models.DateTimeField(blank=True, null=True, verbose_name="phone's time")),
                ('opened_at', models.DateTimeField(blank=True, null=True, verbose_name="form opened, phone's time")),
                ('clock_off_seconds', models.IntegerField(blank=True, help_text="The phone's time of sending less the server's; negative where the phone is behind.", null=True, verbose_name="phone's clock ahead, seconds")),
                ('via', models.CharField(choices=[('form', 'from the page'), ('outbox', "from the phone's outbox"), ('file', 'from an exported file')], db_default='form', default='form', max_length=10, verbose_name='sent')),
                ('app_version', models.CharField(blank=True, db_default='', max_length=20, verbose_name='app version')),
                ('stopped_unsafe', models.BooleanField(db_default=False, default=False, verbose_name='stopped as not safe')),
                ('serial_matches', models.BooleanField(blank=True, null=True, verbose_name='serial number fits the product')),
                ('accepted', models.BooleanField(default=False, verbose_name='accepted')),
                ('conflict', models.CharField(blank=True, choices=[('already_closed', 'Another report closed the visit before'), ('canceled', 'The visit was canceled meanwhile'), ('reassigned', 'The visit was given to another technician meanwhile')], max_length=40, verbose_name='conflict')),
                ('reviewed_at', models.DateTimeField(blank=True, null=True, verbose_name='conflict looked at')),
                ('review_note', models.CharField(blank=True, db_default='', max_length=300, verbose_name='what dispatch found')),
                ('reasons', models.ManyToManyField(blank=True, related_name='+', to='requests_app.outcomereason')),
                ('reviewed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('visit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='close_outs', to='fieldwork.sitevisit')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='close_outs', to='fieldwork.technician')),
            ],
            options={
                'verbose_name': 'close-out',
                'verbose_name_plural': 'close-outs',
                'ordering': ['-received_at'],
                'permissions': [('review_closeout', 'Can settle conflicts of close-outs')],
            },
        ),
        migrations.CreateModel(
            name='Absence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_on', models.DateField(verbose_name='from')),
                ('until_on', models.DateField(verbose_name='until, this day included')),
                ('part', models.CharField(choices=[('all_day', 'All day'), ('morning', 'Until noon'), ('afternoon', 'From noon')], default='all_day', max_length=10, verbose_name='part of the day')),
                ('technician', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='absences', to='fieldwork.technician')),
            ],
            options={
                'verbose_name': 'absence',
                'verbose_name_plural': 'absences',
                'ordering': ['from_on'],
            },
        ),
        migrations.CreateModel(
            name='UnsuitableDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('on', models.DateField(verbose_name='day')),
                ('part', models.CharField(choices=[('all_day', 'All day'), ('morning', 'Until noon'), ('afternoon', 'From noon')], default='all_day', max_length=10, verbose_name='part of the day')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('named_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='unsuitable_days', to='fieldwork.serviceorder')),
            ],
            options={
                'verbose_name': 'day that does not suit',
                'verbose_name_plural': 'days that do not suit',
                'ordering': ['on'],
            },
        ),
        migrations.CreateModel(
            name='VisitDuration',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('request_type', models.CharField(choices=[('install', 'Install'), ('removal', 'Removal'), ('replacement', 'Replacement'), ('maintenance', 'Maintenance')], max_length=20, verbose_name='request type')),
                ('set_minutes', models.PositiveSmallIntegerField(blank=True, help_text='Empty: what closed visits took.', null=True, validators=[django.core.validators.MinValueValidator(5), django.core.validators.MaxValueValidator(480)], verbose_name='minutes, set by staff')),
                ('learned_minutes', models.PositiveSmallIntegerField(blank=True, editable=False, null=True, verbose_name='minutes, learned')),
                ('samples', models.PositiveIntegerField(default=0, editable=False, verbose_name='from closed visits')),
                ('learned_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='learned')),
                ('device', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='requests_app.product', verbose_name='MSA')),
            ],
            options={
                'verbose_name': 'visit duration',
                'verbose_name_plural': 'visit durations',
                'ordering': ['request_type', 'device'],
            },
        ),
        migrations.CreateModel(
            name='VisitPhoto',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scan', models.CharField(choices=[('not_scanned', 'Not scanned: no scanner is configured'), ('waiting', 'In quarantine: waiting for the virus scanner'), ('clean', 'No virus found'), ('infected', 'Virus found')], default='not_scanned', max_length=12, verbose_name='virus scan')),
                ('scanned_at', models.DateTimeField(blank=True, null=True)),
                ('file', models.ImageField(upload_to=fieldwork.models.closeouts.photo_path)),
                ('sha256', models.CharField(max_length=64)),
                ('original_sha256', models.CharField(max_length=64)),
                ('evidence', models.JSONField(blank=True, default=dict)),
                ('taken_at', models.DateTimeField(auto_now_add=True)),
                ('device_taken_at', models.DateTimeField(blank=True, null=True, verbose_name="taken, phone's time")),
                ('marks', models.JSONField(blank=True, db_default=models.Value([], models.JSONField()), default=list)),
                ('annotated', models.ImageField(blank=True, db_default='', upload_to=fieldwork.models.closeouts.annotated_path)),
                ('close_out', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='photos', to='fieldwork.closeout')),
                ('reason', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='requests_app.outcomereason', verbose_name='shows the reason')),
            ],
            options={
                'verbose_name': 'visit photo',
                'verbose_name_plural': 'visit photos',
            },
        ),
        migrations.CreateModel(
            name='WorkingHours',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('weekday', models.PositiveSmallIntegerField(choices=[(0, 'Monday'), (1, 'Tuesday'), (2, 'Wednesday'), (3, 'Thursday'), (4, 'Friday')], verbose_name='weekday')),
                ('starts', models.TimeField(verbose_name='from')),
                ('ends', models.TimeField(verbose_name='until')),
                ('technician', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='working_hours', to='fieldwork.technician')),
            ],
            options={
                'verbose_name': 'working hours',
                'verbose_name_plural': 'working hours',
                'ordering': ['technician', 'weekday'],
            },
        ),
        migrations.CreateModel(
            name='DistrictZip',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('zip_code', models.CharField(max_length=5, unique=True, verbose_name='ZIP code')),
                ('district', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='zips', to='fieldwork.district')),
            ],
            options={
                'verbose_name': 'ZIP code of a district',
                'verbose_name_plural': 'ZIP codes of districts',
                'ordering': ['zip_code'],
                'constraints': [models.CheckConstraint(condition=models.Q(('zip_code__regex', '^\\d{5}$')), name='district_zip_has_five_digits')],
            },
        ),
        migrations.AddConstraint(
            model_name='planrun',
            constraint=models.CheckConstraint(condition=models.Q(('until_on__gte', models.F('from_on'))), name='horizon_ends_after_it_starts'),
        ),
        migrations.AddConstraint(
            model_name='planrun',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', True), ('state__in', ['queued', 'running'])), models.Q(('finished_at__isnull', False), ('state__in', ['done', 'canceled', 'failed'])), _connector='OR'), name='finished_run_has_its_time'),
        ),
        migrations.AddConstraint(
            model_name='serviceorder',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('latitude__isnull', True), ('longitude__isnull', True)), models.Q(('latitude__isnull', False), ('longitude__isnull', False)), _connector='OR'), name='position_has_both_coordinates'),
        ),
        migrations.AddConstraint(
            model_name='ruleproposal',
            constraint=models.UniqueConstraint(fields=('panel_normalized', 'device', 'reason'), name='one_proposal_per_panel_device_reason'),
        ),
        migrations.AddConstraint(
            model_name='ruleproposal',
            constraint=models.UniqueConstraint(condition=models.Q(('device__isnull', True)), fields=('panel_normalized', 'reason'), name='one_proposal_per_panel_and_reason'),
        ),
        migrations.AddConstraint(
            model_name='ruleproposal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('state', 'open')), models.Q(models.Q(('state', 'open'), _negated=True), ('decided_at__isnull', False)), _connector='OR'), name='decided_proposal_has_its_time'),
        ),
        migrations.AddConstraint(
            model_name='daychange',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('answered_at__isnull', True), ('state', 'open')), models.Q(models.Q(('state', 'open'), _negated=True), ('answered_at__isnull', False)), _connector='OR'), name='answered_wish_has_its_time'),
        ),
        migrations.AddConstraint(
            model_name='daychange',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'moved'), _negated=True), models.Q(('to_on__isnull', False), models.Q(('to_window', ''), _negated=True)), _connector='OR'), name='moved_wish_has_its_day'),
        ),
        migrations.AddIndex(
            model_name='sitevisit',
            index=models.Index(fields=['technician', 'scheduled_on'], name='visits_of_a_day'),
        ),
        migrations.AddConstraint(
            model_name='sitevisit',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['unscheduled', 'scheduled', 'on_site'])), fields=('order',), name='one_open_visit_per_order'),
        ),
        migrations.AddConstraint(
            model_name='sitevisit',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['scheduled', 'on_site', 'closed']), _negated=True), models.Q(('scheduled_on__isnull', False), ('technician__isnull', False), models.Q(('window', ''), _negated=True)), _connector='OR'), name='scheduled_visit_has_technician_day_window'),
        ),
        migrations.AddConstraint(
            model_name='photoupload',
            constraint=models.UniqueConstraint(fields=('close_out_id', 'sha256'), name='one_upload_per_hash'),
        ),
        migrations.AddConstraint(
            model_name='photoupload',
            constraint=models.CheckConstraint(condition=models.Q(('received__lte', models.F('size'))), name='no_more_received_than_announced'),
        ),
        migrations.AddConstraint(
            model_name='lane',
            constraint=models.UniqueConstraint(fields=('technician', 'on'), name='one_lane_per_technician_and_day'),
        ),
        migrations.AddConstraint(
            model_name='closeout',
            constraint=models.UniqueConstraint(condition=models.Q(('accepted', True)), fields=('visit',), name='one_accepted_close_out'),
        ),
        migrations.AddConstraint(
            model_name='closeout',
            constraint=models.CheckConstraint(condition=models.Q(('accepted', True), models.Q(('conflict', ''), _negated=True), _connector='XOR'), name='accepted_or_conflict'),
        ),
        migrations.AddConstraint(
            model_name='absence',
            constraint=models.CheckConstraint(condition=models.Q(('until_on__gte', models.F('from_on'))), name='absence_ends_after_it_starts'),
        ),
        migrations.AddConstraint(
            model_name='unsuitableday',
            constraint=models.UniqueConstraint(fields=('order', 'on'), name='one_row_per_unsuitable_day'),
        ),
        migrations.AddConstraint(
            model_name='visitduration',
            constraint=models.UniqueConstraint(fields=('request_type', 'device'), name='one_duration_per_type_and_device'),
        ),
        migrations.AddConstraint(
            model_name='visitduration',
            constraint=models.UniqueConstraint(condition=models.Q(('device__isnull', True)), fields=('request_type',), name='one_duration_per_type_for_any_device'),
        ),
        migrations.AddConstraint(
            model_name='visitphoto',
            constraint=models.UniqueConstraint(fields=('close_out', 'original_sha256'), name='one_photo_per_hash'),
        ),
        migrations.AddConstraint(
            model_name='workinghours',
            constraint=models.UniqueConstraint(fields=('technician', 'weekday'), name='one_shift_per_weekday'),
        ),
        migrations.AddConstraint(
            model_name='workinghours',
            constraint=models.CheckConstraint(condition=models.Q(('ends__gt', models.F('starts'))), name='shift_ends_after_it_starts'),
        ),
        migrations.AddConstraint(
            model_name='technician',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('home_latitude__isnull', True), ('home_longitude__isnull', True)), models.Q(('home_latitude__isnull', False), ('home_longitude__isnull', False)), _connector='OR'), name='home_has_both_coordinates'),
        ),
    ]
