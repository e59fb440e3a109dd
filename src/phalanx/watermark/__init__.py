"""Marks in outputs: set, seen again, traced, and found in students that were trained on them."""
