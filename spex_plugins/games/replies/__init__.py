"""Games of whole replies, for models that give no probabilities."""
