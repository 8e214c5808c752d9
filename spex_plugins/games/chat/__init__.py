"""Value functions of language models behind an OpenAI-compatible API."""
