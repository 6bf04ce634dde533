"""What an agreement says, which facts it covers, and whether it still matches the request."""
