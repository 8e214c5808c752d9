"""Value functions of masks, and inputs of their models."""
