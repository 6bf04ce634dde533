"""Another day at the customer's request: what is free, the rules, and the answer."""
