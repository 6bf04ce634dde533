"""The dispatcher's part of the staff desk, one module a topic."""

from fieldwork.admin import people, places, reports, visits, wishes

__all__ = ["people", "places", "reports", "visits", "wishes"]
