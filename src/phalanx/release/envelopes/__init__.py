"""Signed statements: DSSE envelopes around in-toto statements in canonical JSON."""
