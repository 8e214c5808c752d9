"""Value functions of texts: language models and classifiers of transformers."""
