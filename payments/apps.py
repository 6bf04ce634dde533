from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = _("Payments")

    def ready(self) -> None:
        from payments import ledger_guard, receivers
        from payments.services import pay_links

        post_migrate.connect(ledger_guard.keep, sender=self, dispatch_uid="payments.ledger_guard")
        receivers.connect()
        pay_links.connect()
