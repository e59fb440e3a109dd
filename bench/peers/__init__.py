"""Peers of the detection benchmark: one file each, written from the ideas of the papers."""
