"""Companies: registered, verified, joined by invitation, left, closed."""
