"""What staff decide about a submitted request: the desk, corrections, and their emails."""
