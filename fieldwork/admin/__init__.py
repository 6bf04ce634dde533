"""The dispatcher's part of the staff desk, one module a topic."""

from fieldwork.admin import people, reports, visits

__all__ = ["people", "reports", "visits"]
