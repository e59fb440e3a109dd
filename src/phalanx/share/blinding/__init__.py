"""Identifiers that members can compare and nobody can read.

A member turns an e-mail address or a card into a *token* together with the key server: the
server never sees the identifier, the member never sees the key, and whoever holds tokens alone
cannot test a guess. Two members who want to know what they have in common before they disclose
anything use `phalanx.share.blinding.psi`.
"""
