"""SHAP's explanation object with interactions: indexing, operations, display."""
