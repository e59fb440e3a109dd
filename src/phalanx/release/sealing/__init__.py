"""One file, sealed: its format, its keys, and reading any part of it."""
