"""Tables as SHAP's maskers take them, in the types of their columns."""
