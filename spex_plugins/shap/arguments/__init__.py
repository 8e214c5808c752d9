"""The arguments of an explainer and its calls: names, checks, and settings."""
