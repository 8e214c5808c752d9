"""From the rows of a call to their explanations: SHAP's loop, one row, its labels and its digest."""
