"""Complete 2^n tables of real games, and the errors of estimates on them."""
