"""What is remembered of accounts while requests come in: counts that fade, and no names."""
