"""Migrations of the database of cases. Opening it applies them."""
