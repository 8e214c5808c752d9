"""Functions of language models that games and adapters share; they need torch, not SHAP or Captum."""
