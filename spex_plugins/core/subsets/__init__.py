"""Questions about sets of features that a fitted function answers without a call of the model."""
