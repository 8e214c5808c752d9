"""A forward function evaluated at masks of a batch, and whether its examples can be evaluated apart."""
