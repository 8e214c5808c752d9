"""Value functions that are ready to use: masked inputs of models, asked in one call per batch of masks."""
