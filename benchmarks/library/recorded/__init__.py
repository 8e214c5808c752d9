"""Real models whose answers are recorded: inputs by name, with the masks that are asked."""
