"""Logs that can only grow: Merkle trees, signed checkpoints, proofs, and a log in a folder.

Whoever writes into such a log cannot take it back, or show it differently to two who compare their
checkpoints. Nothing here knows what is logged: whatever keeps evidence builds on it. The forms are
those of C2SP: `signed-note`, `tlog-checkpoint`, `tlog-cosignature`, `tlog-tiles`, `tlog-proof` and
`tlog-policy`, over the Merkle trees of RFC 6962.
"""
