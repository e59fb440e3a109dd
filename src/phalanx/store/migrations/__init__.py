"""Migrations of the store's database. Opening a store applies them."""
