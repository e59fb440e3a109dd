"""What the console reads: scans, the alliance, audits, releases, packages, the ledger.

Nothing here writes. What cannot be read is a page that says so, and no error of the console.
"""
