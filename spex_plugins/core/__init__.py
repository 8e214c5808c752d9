"""Pure mathematics: arrays in, arrays out; no model, no input or output, no plotting."""
