"""Who takes part: the holder of weights and those who receive them, each known by his keys."""
