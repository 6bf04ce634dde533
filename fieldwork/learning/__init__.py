"""Learning from visits: what failed again and again becomes a proposed rule, and staff decide on it."""

from fieldwork.learning.decisions import Kind, accept, decline, rule_of
from fieldwork.learning.held import held, not_ruled_out, open_visits_of
from fieldwork.learning.proposals import propose

__all__ = ["Kind", "accept", "decline", "held", "not_ruled_out", "open_visits_of", "propose", "rule_of"]
