"""Migrations of the pool's database. Opening it applies them."""
