"""Look-ups of single controls: pure functions of what was seen, one file for each thing seen."""
