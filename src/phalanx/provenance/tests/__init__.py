"""Tests of whether a model was made from ours."""
