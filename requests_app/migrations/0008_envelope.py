from typing import Any

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("requests_app", "0007_records")]

    operations: list[Any] = []
