"""The pages, a module for each section: what is looked up, and which template shows it."""
