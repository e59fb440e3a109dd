"""The web console: one place to read what was found, and to do what a person has to do.

It decides nothing by itself: what it shows is what the capabilities return, and an act in it is the
same function that a command calls. Rooms: `people` (users, sessions, roles), `seen` (what is read
from folders and databases), `pages` (one module a section), and the application that joins them.
"""
