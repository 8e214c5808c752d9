"""How much of a model an explanation tells, per model call: R² and infidelity, beside other methods."""
