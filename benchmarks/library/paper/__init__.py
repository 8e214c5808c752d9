"""The tasks of the SPEX paper on a small real language model: questions, games, recordings, scores."""
