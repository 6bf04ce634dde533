"""Forms of field work. Forms validate and never act."""
