"""A Redis that may be down: who asks it, and what stands in for it (ADR 33)."""
