"""Schemes of marking, one file each."""
