"""What the lifecycle tells the apps above it, inside the transaction of its cause."""

from django.dispatch import Signal

# sender: MSARequest; arguments: request (locked, as saved), event (the row just appended),
# by (User or None). Receivers run in the transaction: what leaves the database waits for commit.
event_recorded = Signal()
