"""The staff desk for this app, one module a topic."""

from requests_app.admin import reference, screening

__all__ = ["reference", "screening"]
