"""A text with arcs between its words: the picture, the routes of the arcs and the places of their numbers."""
