"""The exchange as one member takes part in it: what it publishes, pulls, matches, says, takes back.

All of it is kept in the *alliance folder*: what was sent and what waits, every object that was
received as its author wrote it, and the lists that are made of them.
"""
