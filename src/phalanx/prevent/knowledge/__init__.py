"""What was learned elsewhere and is looked up here: campaigns, keys, grants, indicators, templates.

All of it is one immutable object. A part that changes makes a new object, which takes the place of
the old one in one assignment: a decision sees the one or the other, and nothing stops meanwhile.
"""
