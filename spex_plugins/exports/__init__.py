"""Results as objects of other packages: plain arrays in, one module for each target, imported when used."""
