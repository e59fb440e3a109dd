"""Marks of campaigns that other providers shared: they form groups and weigh them.

No mark enters an e-value, and none makes an account a member of a group: a provider that errs or
lies can say where to look, and nothing else. See decision 35.
"""
