"""From masks to values: the only place where a model is called."""
