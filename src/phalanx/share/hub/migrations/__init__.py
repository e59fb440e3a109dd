"""Migrations of the hub's database. Opening it applies them."""
