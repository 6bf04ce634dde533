"""The staff desk for this app, one module a topic."""

from requests_app.admin import paper, reference, screening

__all__ = ["paper", "reference", "screening"]
