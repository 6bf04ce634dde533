"""After a failed visit: rescheduling, a modification, and showing that each reason is fixed."""
