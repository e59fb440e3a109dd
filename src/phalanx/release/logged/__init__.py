"""Grants and releases in a log that can only grow: entered by the issuer, verified by anybody."""
