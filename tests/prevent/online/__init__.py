"""Tests of online detection, which share what they draw."""
