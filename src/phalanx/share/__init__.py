"""The exchange between providers: private, lawful, and fast."""
