"""What every caller of a language model needs, whoever its host is: torch, and nothing of SHAP or Captum."""
