"""Governing: what a provider owes to others, and what it can show them.

`duties` holds reporting duties as dated data, runs their clocks, and drafts their reports.
"""
