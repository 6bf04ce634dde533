"""The dispatcher's part of the staff desk, one module a topic."""

from fieldwork.admin import learning, people, places, reports, visits

__all__ = ["learning", "people", "places", "reports", "visits"]
