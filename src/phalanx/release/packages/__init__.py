"""A sealed release on disk: a folder with a grant, a record, and one sealed file for each file."""
