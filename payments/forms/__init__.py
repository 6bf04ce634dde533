"""Forms about money. Forms validate and never act."""
