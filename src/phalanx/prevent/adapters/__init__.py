"""Gateways of others, and applications, that ask before a request is served."""
