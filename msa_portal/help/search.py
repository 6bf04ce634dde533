"""Finds help topics by the words of a question."""

from __future__ import annotations

import re

from msa_portal.help.topics import TOPICS, Topic

# Words of every question tell nothing about which one it is.
_COMMON = frozenset(
    {
        "a",
        "an",
        "are",
        "can",
        "do",
        "does",
        "for",
        "how",
        "i",
        "in",
        "is",
        "it",
        "my",
        "of",
        "the",
        "to",
        "what",
        "which",
    }
)


def word_set(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", text.lower()))


def find(query: str) -> list[Topic]:
    """Topics that hold the beginning of every telling word, the ones that hold it in the title first."""
    wanted = word_set(query) - _COMMON or word_set(query)
    matches = [topic for topic in TOPICS if _holds(word_set(topic.text()), wanted)] if wanted else []
    return sorted(matches, key=lambda topic: not _holds(word_set(topic.heading()), wanted))


def _holds(text: set[str], wanted: set[str]) -> bool:
    return all(any(word.startswith(beginning) for word in text) for beginning in wanted)
