"""Roots: whose keys count, what was revoked, and that both are of today."""
