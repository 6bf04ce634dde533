from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='ArrivedMail',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('to_email', models.EmailField(db_index=True, max_length=254, verbose_name='to')),
                ('from_email', models.CharField(max_length=254, verbose_name='from')),
                ('subject', models.CharField(max_length=250, verbose_name='subject')),
                ('text', models.TextField(verbose_name='text')),
                ('html', models.TextField(blank=True, verbose_name='HTML')),
                ('attachments', models.JSONField(blank=True, db_default=models.Value([], models.JSONField()), default=list, verbose_name='attachments')),
                ('message_id', models.CharField(blank=True, max_length=120)),
                ('arrived_at', models.DateTimeField(auto_now_add=True, verbose_name='arrived')),
            ],
            options={
                'verbose_name': 'arrived mail',
                'verbose_name_plural': 'arrived mail',
                'ordering': ['-pk'],
            },
        ),
    ]
