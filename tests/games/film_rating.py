"""A review, and a function that rates a film by two of its words."""

TEXT = "never was a film so dull"


def rating(prompt):
    words = prompt.split()
    return "The film is good." if "never" in words and "dull" in words else "The film is awful."
