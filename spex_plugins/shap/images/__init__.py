"""Images as SHAP's maskers take them: regions, and pixels of any units."""
