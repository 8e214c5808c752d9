"""Games of the documents that a language model is given with a question."""
