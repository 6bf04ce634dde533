"""What customers and agents see of their visits."""
