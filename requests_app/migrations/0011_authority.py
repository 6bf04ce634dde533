from typing import Any

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("requests_app", "0010_paper")]

    operations: list[Any] = []
