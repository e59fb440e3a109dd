"""One module a migration; none is ever changed once released."""
