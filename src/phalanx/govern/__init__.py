"""Governing: what a provider owes to others, and what it can show them.

`duties` holds reporting duties as dated data, runs their clocks, and drafts their reports. `cases`
keeps what is gathered on one matter and what two people agreed on, `ledger` what was done,
`packages` what is handed over, `controls` what a provider holds itself to.
"""
