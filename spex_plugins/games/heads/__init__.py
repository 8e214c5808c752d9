"""Games of the parts of a model: attention heads and neurons."""
