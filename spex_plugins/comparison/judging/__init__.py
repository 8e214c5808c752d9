"""The judgement of an explanation: held-out masks, their values, and the scores."""
