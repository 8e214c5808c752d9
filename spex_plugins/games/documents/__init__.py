"""The documents of a question as parts of one text."""
