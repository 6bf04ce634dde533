"""Pages of field work, for technicians and for customers."""
