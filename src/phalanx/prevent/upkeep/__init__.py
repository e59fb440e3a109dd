"""What keeps a gateway well while it runs: what is known is read again, the state is kept."""
