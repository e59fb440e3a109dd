"""Setting the mark: samplers of our own, and what engines are told to set theirs."""
