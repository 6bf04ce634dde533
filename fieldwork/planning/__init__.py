"""Planning the technicians' days: rows into problems, runs of the planner, and the dispatcher's board."""
