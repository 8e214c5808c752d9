"""What estimators share: results of fits, R² of left-out samples, designs, known functions, limits."""
