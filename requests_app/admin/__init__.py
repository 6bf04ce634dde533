"""The staff desk for this app, one module a topic."""

from requests_app.admin import panels, paper, reference, screening

__all__ = ["panels", "paper", "reference", "screening"]
