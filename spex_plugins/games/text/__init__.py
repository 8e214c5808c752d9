"""Value functions of texts, for language models and classifiers of transformers."""
