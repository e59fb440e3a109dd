"""Which tensor does what in a model."""
