"""What a changed rule about products or panels means for open requests."""
