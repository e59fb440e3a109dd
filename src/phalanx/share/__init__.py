"""The exchange between providers: private, lawful, fast."""
