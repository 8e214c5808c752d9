"""The model behind a SHAP explainer as a value function of one row."""
