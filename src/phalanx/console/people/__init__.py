"""Who works in the console: users and their roles, passwords, sessions, sign-in elsewhere."""
