"""The manifest of a model: which files, with which digests, signed so that other tools verify it.

The format is OpenSSF Model Signing, version 1.0; what is written here verifies with the package
`model-signing`, and the reverse.
"""
