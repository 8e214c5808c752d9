"""The result of an explanation: interactions, tables of an index, files, and warnings about few samples."""
