"""What the lifecycle tells the apps above it, inside the transaction of its cause."""

from django.dispatch import Signal

# sender: MSARequest; arguments: request (locked, as saved), event (the row just appended),
# by (User or None). Receivers run in the transaction: what leaves the database waits for commit.
event_recorded = Signal()

# A file in quarantine turned out to be infected. sender: the row's model; arguments: row (locked,
# as saved), request (locked). In the transaction of the verdict; the file is deleted after it.
file_infected = Signal()
