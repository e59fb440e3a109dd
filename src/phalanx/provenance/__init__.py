"""Was this model made from ours: weights compared under stated null hypotheses."""
