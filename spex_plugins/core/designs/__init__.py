"""Which masks are asked for a budget."""
