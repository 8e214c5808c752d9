"""Games of the data that a model is trained on."""
