"""A public detector that gives answers and no scores, and of each text only a few."""
